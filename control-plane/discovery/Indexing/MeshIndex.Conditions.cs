using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Policies;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.ControlPlane.Discovery.Workloads;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;

namespace Ambient.ControlPlane.Discovery.Indexing;

public sealed partial class MeshIndex
{
    private const string MeshController = "istio.io/mesh-controller";
    private const string ManagedLabel = "gateway.istio.io/managed";
    private readonly Dictionary<Source, IReadOnlyList<Condition>> _conditions = [];
    private readonly HashSet<Source> _conditionChanges = [];
    private readonly Dictionary<(string Kind, ResourceKey Key), HashSet<ResourceKey>> _targetedBy = [];

    /// <summary>The objects whose conditions are to be others since the last call, of those that <see cref="Take"/> has computed.</summary>
    public IReadOnlyList<ObjectConditions> TakeConditions()
    {
        ObjectConditions[] changed = [.. _conditionChanges.Select(source => new ObjectConditions(TypeOf(source.Kind), source.Key, _conditions.GetValueOrDefault(source) ?? []))];
        _conditionChanges.Clear();
        return changed;
    }

    /// <summary>Whether an object is part of a Gateway that we deploy; such have no waypoint.</summary>
    private static bool IsManaged(StringMap labels) => labels.Find(ManagedLabel) is "istio.io-mesh-controller" or "istio.io-eastwest-controller";

    private static ResourceType TypeOf(SourceKind kind) => kind switch
    {
        SourceKind.ServiceBinding => KnownResources.Services,
        SourceKind.ServiceEntryBinding => KnownResources.ServiceEntries,
        SourceKind.WorkloadEntryBinding => KnownResources.WorkloadEntries,
        SourceKind.EndpointSlice => KnownResources.EndpointSlices,
        SourceKind.PeerBinding => KnownResources.PeerAuthentications,
        _ => KnownResources.AuthorizationPolicies,
    };

    private static IEnumerable<TargetReference> Targets(AuthorizationPolicy? policy) =>
        policy is null ? [] : policy.Spec.TargetRef is { } single ? policy.Spec.TargetRefs.Prepend(single) : policy.Spec.TargetRefs;

    /// <summary>Conditions of objects that say nothing about waypoints are not remembered: most Services are such.</summary>
    private void ComputeConditions(Source source)
    {
        IReadOnlyList<Condition>? now = source.Kind switch
        {
            SourceKind.ServiceBinding => _services.TryGetValue(source.Key, out Kubernetes.Resources.Services.Service? service) ? Binding(source, service.Metadata, "service", isWorkload: false) : null,
            SourceKind.ServiceEntryBinding => _serviceEntries.TryGetValue(source.Key, out ServiceEntry? entry) ? EntryConditions(source, entry) : null,
            SourceKind.WorkloadEntryBinding => _entries.TryGetValue(source.Key, out WorkloadEntry? workload)
                ? [.. Binding(source, workload.Metadata with { Labels = WorkloadConversion.Labels(workload) }, "workload", isWorkload: true), .. Special(EndpointAddresses.Problem(workload))]
                : null,
            SourceKind.PeerBinding => _peers.ContainsKey(source.Key) ? Refused(PeerAuthenticationConversion.NameOf(source.Key)) : null,

            // What stands for an object that cannot be read has no status; the object's own says what is wrong.
            _ => _policies.TryGetValue(source.Key, out AuthorizationPolicy? policy) && !_guards.Contains(source.Key) ? PolicyConditions(source, policy) : null,
        };
        bool isGone = now is null;
        _conditions.TryGetValue(source, out IReadOnlyList<Condition>? before);
        Put(_conditions, source, now is { Count: > 0 } ? now : null);
        if (isGone)
        {
            _conditionChanges.Remove(source);
        }
        else if (before is null || !before.SequenceEqual(now!))
        {
            // Also those without any: what an earlier life of ours wrote is taken back.
            _conditionChanges.Add(source);
        }
    }

    private static Condition[] Special(string? problem) =>
        problem is null ? [] : [new Condition { Type = ConditionTypes.EndpointsAccepted, Status = "False", Reason = "ForbiddenAddress", Message = problem }];

    /// <summary>EndpointSlices have no status; what is said about one is for who reads it elsewhere.</summary>
    private void SaySpecial(Source slice, string? problem)
    {
        Condition[] now = Special(problem);
        IReadOnlyList<Condition> before = _conditions.GetValueOrDefault(slice) ?? [];
        if (!before.SequenceEqual(now))
        {
            Put(_conditions, slice, now.Length > 0 ? now : null);
            _conditionChanges.Add(slice);
        }
    }

    private List<Condition> Binding(Source source, ObjectMeta meta, string trafficType, bool isWorkload, bool isEntry = false)
    {
        string ns = source.Key.Namespace;
        if (IsManaged(meta.Labels) || WaypointReference.Of(meta.Labels, LabelsOf(ns), ns) is not { } reference)
        {
            return [];
        }

        Use(source, reference.Key);
        WaypointGateway? waypoint = null;
        BindingReason reason = IsForbidden(reference.Key, ns, source.Kind == SourceKind.ServiceEntryBinding || isEntry) ? BindingReason.Forbidden : Judge(reference, ns, trafficType, out waypoint);
        if (isWorkload && reason == BindingReason.WrongTraffic && !reference.IsOwn)
        {
            return [];
        }

        string name = $"{reference.Key.Namespace}/{reference.Key.Name}";
        (string word, string message) = reason switch
        {
            BindingReason.Bound => ("WaypointAccepted", $"Successfully attached to waypoint {name}{(isWorkload ? "" : Ingress(meta, ns) + DutyNote(meta, isEntry, reference.Key) + CanaryNote(source, meta, ns, reference.Key))}"),
            BindingReason.NotReady when IsUnseen(reference.Key) => ("WaypointIsNotReady", UnseenNote(source.Key, meta, isEntry, reference.Key, isWorkload)),
            BindingReason.NotReady => ("WaypointIsNotReady", $"waypoint \"{name}\" is not ready: it does not exist or has no address"),
            BindingReason.Forbidden => ("CrossNamespaceWaypointForbidden", $"waypoint \"{name}\" is in another namespace, which must not see this ServiceEntry (serviceEntryVisibility of the mesh)"),
            BindingReason.Denied => ("AttachmentDenied", $"waypoint \"{name}\" does not allow the namespace {ns} (allowedRoutes of its listener)"),
            _ => ("UnsupportedTrafficType", $"attempting to bind to traffic type \"{trafficType}\" which the waypoint \"{name}\" does not support: it is for \"{waypoint!.TrafficType}\""),
        };
        return [new Condition { Type = ConditionTypes.WaypointBound, Status = reason == BindingReason.Bound ? "True" : "False", Reason = word, Message = message }];
    }

    private string CanaryNote(Source source, ObjectMeta meta, string @namespace, ResourceKey primary)
    {
        Canary(source, meta.Labels, meta.Annotations, @namespace, primary, out _, out string? problem);
        return problem is null ? "" : ". But " + problem;
    }

    private string Ingress(ObjectMeta meta, string @namespace) => (meta.Labels.Find(IngressLabel) ?? LabelsOf(@namespace).Find(IngressLabel)) switch
    {
        null => "",
        var text when IsTrue(text) => ". Ingress traffic will traverse the waypoint",
        _ => $". Ingress traffic is not using the waypoint, set the {IngressLabel} label to true if desired.",
    };

    private List<Condition> EntryConditions(Source source, ServiceEntry entry)
    {
        List<Condition> conditions = Binding(source, entry.Metadata, "service", isWorkload: false, isEntry: true);
        if (entry.Spec.Hosts.Any(static host => host.StartsWith('*')) && conditions is not [{ Status: "True" }])
        {
            conditions.Add(new Condition
            {
                Type = ConditionTypes.WaypointMissing,
                Status = "True",
                Reason = "NoWaypointForWildcardService",
                Message = "ServiceEntry with a wildcard host is not bound to a waypoint and has no effect until it is",
            });
        }
        else if (entry.Metadata.Annotations.Find("istio.io/connect-strategy") == "RACE_FIRST_TCP_CONNECT" && conditions is not [{ Status: "True" }])
        {
            conditions.Add(new Condition
            {
                Type = ConditionTypes.WaypointMissing,
                Status = "True",
                Reason = "NoWaypointForRacingConnectStrategy",
                Message = "ServiceEntry asks for connections to be raced and is not bound to a waypoint: connections are not raced until it is",
            });
        }

        conditions.AddRange(VisibilityConditions(source.Key.Namespace));
        conditions.AddRange(Special(EndpointAddresses.Problem(entry)));
        if (EntryProblem(source.Key, entry) is { } problem)
        {
            conditions.Add(problem);
        }

        return conditions;
    }

    private List<Condition> PolicyConditions(Source source, AuthorizationPolicy policy)
    {
        TargetReference[] targets = [.. Targets(policy)];
        if (targets.Length == 0)
        {
            // What is told to ztunnels and refused by them is not in force, whatever we think of it.
            return _verdicts.GetValueOrDefault(source.Key) is not { IsAccepted: { } isAccepted } verdict ? []
                : isAccepted && Refused(source.Key) is { Count: > 0 } refused ? refused
                : [new Condition { Type = ConditionTypes.ZtunnelAccepted, Status = isAccepted ? "True" : "False", Reason = verdict.Reason, Message = verdict.Reason == PolicyVerdict.Accepted ? "attached to ztunnel" : verdict.Remark }];
        }

        TargetVerdict[] verdicts = [.. targets.Select(target => Judge(source, target))];
        if (verdicts is [{ } only])
        {
            return [Accepted(only.IsBound, only.Reason, only.Message)];
        }

        string unbound = string.Join(", ", verdicts.Where(static verdict => !verdict.IsBound).Select(static verdict => verdict.Reference));
        return unbound.Length == 0 ? [Accepted(true, "Accepted", "")]
            : verdicts.Any(static verdict => verdict.IsBound) ? [Accepted(true, "PartiallyInvalid", "these targets are not bound to a waypoint: " + unbound)]
            : [Accepted(false, "Invalid", "none of the targets is bound to a waypoint: " + unbound)];
    }

    private static Condition Accepted(bool isAccepted, string reason, string message) =>
        new() { Type = ConditionTypes.WaypointAccepted, Status = isAccepted ? "True" : "False", Reason = reason, Message = message };

    private TargetVerdict Judge(Source source, TargetReference target)
    {
        var key = new ResourceKey(source.Key.Namespace, target.Name);
        string reference = $"{target.Kind}.{(target.Group.Length == 0 ? "core" : target.Group)}:{(target.IsElsewhere(key.Namespace) ? target.Namespace : key.Namespace)}/{key.Name}";
        TargetVerdict Missing() => new(false, "TargetNotFound", $"{target.Kind} {key} was not found", reference);
        TargetVerdict OfObject(ObjectMeta? meta, bool isEntry)
        {
            return meta is null ? Missing()
                : Binding(source, meta, "service", isWorkload: false, isEntry) is [{ Status: "True" } bound] ? new(true, "Accepted", "bound to the waypoint of " + key + ": " + bound.Message, reference)
                : new(false, "AncestorNotBound", $"{target.Kind} {key} is not bound to a waypoint", reference);
        }

        switch (target)
        {
            case var _ when target.IsElsewhere(key.Namespace):
                return new(false, "Invalid", $"the target is in the namespace {target.Namespace}: a policy has a say in its own alone", reference);
            case { IsService: true }:
                return OfObject(_services.GetValueOrDefault(key)?.Metadata, isEntry: false);
            case { IsServiceEntry: true }:
                return OfObject(_serviceEntries.GetValueOrDefault(key)?.Metadata, isEntry: true);
            case { IsGateway: true }:
                Use(source, key);
                return _waypoints.ContainsKey(key) ? new(true, "Accepted", "bound to " + key, reference) : Missing();
            case { IsGatewayClass: true }:
                return !_classes.TryGetValue(target.Name, out Kubernetes.Resources.Gateways.GatewayClass? found) ? Missing()
                    : key.Namespace != settings.RootNamespace ? new(false, "Invalid", $"a policy for a GatewayClass must be in the root namespace {settings.RootNamespace}", reference)
                    : found.Spec.ControllerName != MeshController ? new(false, "Invalid", $"GatewayClass {target.Name} must have the controller {MeshController}", reference)
                    : new(true, "Accepted", "bound to every waypoint of the class " + target.Name, reference);
            default:
                return new(false, "Invalid", $"targets of kind {target.Kind} in group \"{target.Group}\" are not supported", reference);
        }
    }

    private void SetTargets(ResourceKey policy, AuthorizationPolicy? before, AuthorizationPolicy? now)
    {
        foreach (TargetReference target in Targets(before))
        {
            LabelIndex.Drop(_targetedBy, (target.Kind, new ResourceKey(policy.Namespace, target.Name)), policy);
        }

        foreach (TargetReference target in Targets(now))
        {
            LabelIndex.Add(_targetedBy, (target.Kind, new ResourceKey(policy.Namespace, target.Name)), policy);
        }
    }

    private void MarkPoliciesOf(string kind, ResourceKey target) =>
        MarkAll(SourceKind.PolicyBinding, _targetedBy.TryGetValue((kind, target), out HashSet<ResourceKey>? policies) ? policies : []);
}
