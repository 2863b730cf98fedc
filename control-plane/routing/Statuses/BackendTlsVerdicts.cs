using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Routing.Destinations;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Statuses;

/// <summary>
/// What the status of a BackendTLSPolicy says: about each target for the mesh, and about each Gateway that leads to one (control-plane reference 8.5). Used for one judgement.
/// </summary>
/// <param name="scope">What can be seen; its objects are the policies that may be about the same targets.</param>
/// <param name="users">Who sends to a target, and whether that is a Gateway of the Gateway API.</param>
internal sealed class BackendTlsVerdicts(WaypointScope scope, Func<ParentReference, IReadOnlyCollection<(ResourceKey Owner, bool IsGateway)>> users)
{
    /// <summary>Who speaks about targets.</summary>
    public const string MeshController = "istio.io/mesh-controller";

    /// <summary>That a policy is to be left alone.</summary>
    public const string Ignored = "IgnoredByIstio";

    private const string Accepted = "Accepted";
    private const string NoCertificate = "NoValidCACertificate";

    /// <summary>What is said; null: what the policy names is still being read.</summary>
    public IReadOnlyList<ParentConditions>? Judge(RoutingObject policy)
    {
        bool isReading = false;
        ProblemList problems = new();
        WaypointScope reading = scope with
        {
            References = reference =>
            {
                Referenced found = scope.References(reference);
                isReading |= !found.IsKnown;
                return found;
            },
        };
        UpstreamTls tls = new BackendTlsPolicies(reading, problems).Check(policy);
        if (isReading)
        {
            return null;
        }

        List<ParentConditions> said = [];
        Dictionary<ResourceKey, (Condition Accepted, Condition Resolved)> gateways = [];
        Condition resolved = Resolved(problems);
        foreach ((SpecReader reader, ParentReference target) in Targets(policy))
        {
            IReadOnlyCollection<(ResourceKey Owner, bool IsGateway)> senders = users(target);
            Condition accepted = NotForTarget(policy, reader, target) ?? Content(problems, tls) ?? Good(problems, target, senders.Count > 0);
            said.Add(new ParentConditions(target, [accepted, resolved]) { Controller = MeshController });
            foreach ((ResourceKey owner, _) in senders.Where(static sender => sender.IsGateway))
            {
                if (!gateways.TryGetValue(owner, out (Condition Accepted, Condition Resolved) before) || before.Accepted.Status == "True")
                {
                    gateways[owner] = (accepted, resolved);
                }
            }
        }

        foreach ((ResourceKey owner, (Condition accepted, Condition of)) in gateways.OrderBy(static pair => pair.Key.ToString(), StringComparer.Ordinal))
        {
            var gateway = new ParentReference { Group = "gateway.networking.k8s.io", Kind = "Gateway", Namespace = owner.Namespace, Name = owner.Name };
            said.Add(new ParentConditions(gateway, [accepted, of]));
        }

        return said;
    }

    /// <summary>What is said about one that says of itself that it is not for us.</summary>
    public static IReadOnlyList<ParentConditions> JudgeIgnored(RoutingObject policy) =>
        [.. Targets(policy).Select(static item => new ParentConditions(item.Target, [False(Ignored, "the annotation istio.io/ignore-policy-attachment is true: it has no effect")]) { Controller = MeshController })];

    /// <summary>The targets, once each.</summary>
    public static IEnumerable<(SpecReader Reader, ParentReference Target)> Targets(RoutingObject policy) => new SpecReader(policy, new ProblemList()).Objects("targetRefs")
        .Select(reader => (Reader: reader, Target: Target(reader, policy.Namespace))).DistinctBy(static item => item.Target);

    private static ParentReference Target(SpecReader reader, string @namespace) => new()
    {
        Group = reader.Text("group") is "core" ? "" : reader.Text("group"),
        Kind = reader.Text("kind"),
        Namespace = @namespace,
        Name = reader.Text("name"),
        SectionName = reader.Text("sectionName") is { Length: > 0 } section ? section : null,
    };

    private Condition? NotForTarget(RoutingObject policy, SpecReader reader, ParentReference target)
    {
        if (!target.IsService && !target.IsServiceEntry)
        {
            return False(RoutingProblem.Invalid, $"{reader.Path}: {target.Kind} of group \"{target.Group}\" cannot be a target, only a Service or a ServiceEntry can");
        }

        string name = $"{target.Kind} {target.Namespace}/{target.Name}";
        if (scope.Directory.OfObject(target.Namespace!, target.Name, target.IsServiceEntry) is not { } service)
        {
            return False("TargetNotFound", $"{reader.Path}: there is no {name}");
        }

        if (target.SectionName is { } section && service.Ports.All(port => port.Name != section))
        {
            return False("TargetNotFound", $"{reader.Path}.sectionName: {name} has no port of the name {section}");
        }

        RoutingObject? older = scope.Of(BackendTlsPolicies.Kind).TakeWhile(other => other.Namespace != policy.Namespace || other.Name != policy.Name)
            .FirstOrDefault(other => other.Namespace == policy.Namespace && Targets(other).Any(item => item.Target == target));
        return older is null ? null : False("Conflicted", $"{reader.Path}: the older policy {older.Name} is about the same target, and in force");
    }

    private static Condition? Content(ProblemList problems, UpstreamTls tls)
    {
        RoutingProblem[] invalid = [.. problems.All.Where(static problem => problem.Reason == RoutingProblem.Invalid)];
        RoutingProblem[] references = [.. problems.All.Where(IsReference)];
        return invalid.Length > 0 ? False(RoutingProblem.Invalid, RouteVerdicts.Join(invalid))
            : references.Length > 0 && tls.Authorities.IsEmpty ? False(NoCertificate, RouteVerdicts.Join(references))
            : null;
    }

    private static Condition Good(ProblemList problems, ParentReference target, bool isUsed)
    {
        RoutingProblem[] remarks = [.. problems.All.Where(static problem => !IsReference(problem))];
        string message = remarks.Length > 0 ? RouteVerdicts.Join(remarks)
            : isUsed ? "Configuration is valid"
            : $"Configuration is valid; it has no effect until a waypoint or gateway sends something to {target.Kind} {target.Namespace}/{target.Name}";
        return new Condition { Type = Accepted, Status = "True", Reason = Accepted, Message = message };
    }

    private static Condition Resolved(ProblemList problems)
    {
        RoutingProblem[] references = [.. problems.All.Where(IsReference)];
        return references.Length > 0
            ? new Condition { Type = "ResolvedRefs", Status = "False", Reason = references[^1].Reason, Message = RouteVerdicts.Join(references) }
            : new Condition { Type = "ResolvedRefs", Status = "True", Reason = "ResolvedRefs", Message = "All references resolved" };
    }

    private static bool IsReference(RoutingProblem problem) => problem.Reason is BackendTlsPolicies.InvalidReference or RoutingProblem.InvalidKind;

    private static Condition False(string reason, string message) => new() { Type = Accepted, Status = "False", Reason = reason, Message = message };
}
