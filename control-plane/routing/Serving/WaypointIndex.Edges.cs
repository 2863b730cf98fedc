using System.Collections.Concurrent;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Routing.Edges;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.ControlPlane.Routing.Statuses;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Xds.Server.Resources;
using Google.Protobuf;

namespace Ambient.ControlPlane.Routing.Serving;

/// <remarks>
/// Ingress gateways: few, so each is computed as a whole when anything of it may be different; what is the same then is not sent again. Who is one: Gateways of the class
/// <c>istio</c>, and whoever has pods that one of Istio's Gateways selects.
/// </remarks>
public sealed partial class WaypointIndex
{
    private const string GatewayController = "istio.io/gateway-controller";
    private static readonly string[] EdgeKinds = ["VirtualService", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "ReferenceGrant", "Gateway"];
    private readonly EdgePods _pods = new();
    private readonly Dictionary<string, StringMap> _namespaceLabels = new(StringComparer.Ordinal);
    private readonly Dictionary<ResourceKey, ServiceSpec> _mappedPorts = [];
    private readonly Dictionary<ResourceKey, HashSet<(string Type, string Name)>> _edgeResources = [];
    private readonly Dictionary<ResourceKey, IReadOnlyList<RouteAttachment>> _attachments = [];
    private readonly ConcurrentDictionary<ResourceKey, IReadOnlyList<ListenerVerdict>> _listeners = new();
    private HashSet<ResourceKey> _edges = [];

    /// <summary>Raised when something else is to be said about a Gateway's listeners. On the thread of <see cref="Take"/>.</summary>
    public event Action<ResourceKey>? ListenersChanged;

    /// <summary>What is to be said about a Gateway's listeners; null when it is no ingress gateway. Thread-safe.</summary>
    public IReadOnlyList<ListenerVerdict>? ListenersOf(ResourceKey gateway) => _listeners.GetValueOrDefault(gateway);

    /// <summary>The same as conditions.</summary>
    public IReadOnlyList<ListenerConditions>? ListenerConditionsOf(ResourceKey gateway) => ListenersOf(gateway) is not { } verdicts ? null
        : [.. verdicts.Select(static verdict => new ListenerConditions(verdict.Name, verdict.SupportedKinds, verdict.AttachedRoutes, Conditions(verdict), verdict.IsServing))];

    private static IReadOnlyList<Condition> Conditions(ListenerVerdict verdict)
    {
        static Condition Of(string type, (string Reason, string Message)? wrong, string right) => wrong is { } what
            ? new Condition { Type = type, Status = "False", Reason = what.Reason, Message = what.Message }
            : new Condition { Type = type, Status = "True", Reason = right, Message = "No errors found" };
        Condition conflicted = verdict.Conflict is { } lost
            ? new Condition { Type = "Conflicted", Status = "True", Reason = lost.Reason, Message = lost.Message }
            : new Condition { Type = "Conflicted", Status = "False", Reason = "NoConflicts", Message = "No errors found" };
        Condition accepted = Of("Accepted", verdict.Unaccepted ?? verdict.Conflict, "Accepted");
        return verdict.Conflict is null ? [accepted, conflicted, Of("ResolvedRefs", verdict.Unresolved, "ResolvedRefs")] : [accepted, conflicted];
    }

    private bool IsEdge(ResourceKey waypoint) => _edges.Contains(waypoint);

    private void SetPod(ResourceKey key, Pod? now)
    {
        if (_pods.Set(key, now, IstioGateways().Select(SelectorOf)))
        {
            RefreshEdges();
        }
    }

    private void SetNamespace(string name, StringMap? labels)
    {
        if (labels is null ? _namespaceLabels.Remove(name) : !labels.Equals(_namespaceLabels.GetValueOrDefault(name)))
        {
            if (labels is not null)
            {
                _namespaceLabels[name] = labels;
            }

            MarkEdges();
        }
    }

    private void SetPorts(ResourceKey key, Service? now)
    {
        bool isMapped = now is not null && now.Spec.Selector.Count > 0 && now.Spec.Ports.Any(static port => port.TargetPort.Number is { } target && target != port.Port);
        bool wasMapped = _mappedPorts.Remove(key);
        if (isMapped)
        {
            _mappedPorts[key] = now!.Spec;
        }

        if (isMapped || wasMapped)
        {
            _due.UnionWith(_edges.Where(owner => owner.Namespace == key.Namespace).Select(static owner => new Unit(owner, UnitKind.Edge, "")));
        }
    }

    private void MarkEdges() => _due.UnionWith(_edges.Select(static owner => new Unit(owner, UnitKind.Edge, "")));

    private IEnumerable<RoutingObject> IstioGateways() => _objects.All("Gateway").OrderBy(static gateway => gateway.Created).ThenBy(static gateway => gateway.Name, StringComparer.Ordinal).ThenBy(static gateway => gateway.Namespace, StringComparer.Ordinal);

    private static IReadOnlyDictionary<string, string> SelectorOf(RoutingObject gateway) => new SpecReader(gateway, new ProblemList()).Map("selector");

    private bool IsIngress(Gateway gateway) => (_controllers.GetValueOrDefault(gateway.Spec.GatewayClassName) ?? (gateway.Spec.GatewayClassName == "istio" ? GatewayController : "")) == GatewayController;

    /// <summary>Who is an ingress gateway may be different.</summary>
    private void RefreshEdges()
    {
        HashSet<ResourceKey> now = [.. _gateways.Values.Where(IsIngress).Select(static gateway => gateway.Key)];
        foreach (IReadOnlyDictionary<string, string> selector in IstioGateways().Select(SelectorOf).Where(static selector => selector.Count > 0))
        {
            now.UnionWith(_pods.Selected(selector));
        }

        HashSet<ResourceKey> before = _edges;
        _edges = now;
        foreach (ResourceKey owner in before.Union(now))
        {
            // Labels of its pods say which Telemetry selects it.
            _due.Add(new Unit(owner, UnitKind.Edge, ""));
            _due.Add(new Unit(owner, UnitKind.Settings, ""));
            if (!before.Contains(owner) || !now.Contains(owner))
            {
                MarkWhole(owner);
            }

            MarkPolicies(owner, _objects.PoliciesOf(owner.Namespace).Concat(_objects.PoliciesOf(_settings.RootNamespace)).Distinct());
        }
    }

    /// <summary>Labels that policies select by.</summary>
    private StringMap? PodLabelsOf(ResourceKey owner) => !IsEdge(owner) ? null
        : _pods.LabelsOf(owner) ?? StringMap.Of([new KeyValuePair<string, string>(EdgePods.NameLabel, owner.Name)]);

    private void ComputeEdge(Unit unit, RecordingDirectory directory, List<ResourceChange> changes, ref Findings found)
    {
        ResourceKey owner = unit.Waypoint;
        HashSet<(string Type, string Name)> before = _edgeResources.GetValueOrDefault(owner) ?? [], after = [];
        _referrers.Forget(unit);
        if (IsEdge(owner))
        {
            CompiledEdge compiled = EdgeCompiler.Compile(EdgeOf(unit, directory));
            found = new Findings(compiled.Problems, compiled.Used);
            Lead(unit, [.. compiled.Routes.SelectMany(WaypointCompiler.Targets).Distinct().Select(static target => $"{target.Namespace}/{target.Hostname}")]);
            foreach ((string type, string name, IMessage message) in compiled.Credentials.Select(credential => (ResourceTypes.EdgeCredentials, $"{owner}/credential/{credential.Name}", (IMessage)credential))
                .Concat(compiled.Routes.Select(routes => (ResourceTypes.Routes, $"{owner}/{routes.Hostname}", (IMessage)routes)))
                .Concat(compiled.Ports.Select(port => (ResourceTypes.EdgePorts, $"{owner}/port/{port.Port}", (IMessage)port))))
            {
                after.Add((type, name));
                changes.Add(new ResourceChange(type, name, new ResourceContent { Message = message }));
            }

            Tell(owner, compiled.Listeners, compiled.Attachments);
        }
        else
        {
            Lead(unit, []);
            Tell(owner, null, []);
        }

        changes.AddRange(before.Except(after).Select(static gone => new ResourceChange(gone.Type, gone.Name, null)));
        if (after.Count > 0)
        {
            _edgeResources[owner] = after;
        }
        else
        {
            _edgeResources.Remove(owner);
        }
    }

    private EdgeScope EdgeOf(Unit unit, RecordingDirectory directory)
    {
        ResourceKey owner = unit.Waypoint;
        StringMap labels = PodLabelsOf(owner)!;
        RoutingObject[] grants = [.. _objects.All("ReferenceGrant")];
        ReferenceGrants allowed = new(grants);
        return new EdgeScope
        {
            Scope = Scope(owner, directory, []) with
            {
                Objects = [.. EdgeKinds.Where(static kind => kind is not ("ReferenceGrant" or "Gateway")).SelectMany(_objects.All)],
                References = ReferencesFor(unit),
                IsGranted = (source, group, kind, home, name) => allowed.Allows(source.Kind, source.Namespace, group, kind, home, name),
            },
            Gateway = _gateways.TryGetValue(owner, out Gateway? gateway) && IsIngress(gateway) ? gateway : null,
            Servers = [.. IstioGateways().Where(server => SelectorOf(server) is { Count: > 0 } selector && EdgePods.Selects(selector, labels))],
            NamespaceLabels = name => _namespaceLabels.GetValueOrDefault(name) ?? StringMap.Empty,
            Grants = grants,
            BindPort = port => BindPort(owner.Namespace, labels, port),
        };
    }

    // Its Service may lead elsewhere: pods need not listen on the numbers that clients see.
    private ushort BindPort(string @namespace, StringMap labels, ushort port)
    {
        foreach ((ResourceKey key, ServiceSpec spec) in _mappedPorts.Where(service => service.Key.Namespace == @namespace).OrderBy(static service => service.Key.Name, StringComparer.Ordinal))
        {
            if (EdgePods.Selects(spec.Selector, labels) && spec.Ports.FirstOrDefault(candidate => candidate.Port == port)?.TargetPort.Number is { } target and > 0 and <= ushort.MaxValue)
            {
                return (ushort)target;
            }
        }

        return port;
    }

    private void Tell(ResourceKey owner, IReadOnlyList<ListenerVerdict>? listeners, IReadOnlyList<RouteAttachment> attachments)
    {
        IReadOnlyList<RouteAttachment> attachedBefore = _attachments.GetValueOrDefault(owner) ?? [];
        if (!attachedBefore.SequenceEqual(attachments))
        {
            _toJudge.UnionWith(attachedBefore.Concat(attachments).Select(static attachment => attachment.Route));
            _attachments[owner] = attachments;
        }

        IReadOnlyList<ListenerVerdict>? before = _listeners.GetValueOrDefault(owner);
        bool isSame = before is null ? listeners is null : listeners is not null && before.Count == listeners.Count && before.Zip(listeners).All(static pair => pair.First.SaysSame(pair.Second));
        if (isSame)
        {
            return;
        }

        if (listeners is null)
        {
            _listeners.TryRemove(owner, out _);
        }
        else
        {
            _listeners[owner] = listeners;
        }

        ListenersChanged?.Invoke(owner);
    }

    /// <summary>What Gateways of ours have to say about a route, instead of nothing.</summary>
    private IReadOnlyList<ParentConditions> WithEdges(ObjectName name, RoutingObject route, IReadOnlyList<ParentConditions> parents)
    {
        if (!_attachments.Values.Any(attachments => attachments.Any(attachment => attachment.Route == name)))
        {
            return parents;
        }

        ParentReference[] references = [.. new SpecReader(route, new ProblemList()).Elements("parentRefs").Select(ParentReference.Read)];
        int rules = new SpecReader(route, new ProblemList()).Objects("rules").Count;
        RoutingProblem[] problems = [.. _edges.SelectMany(owner => _problems.GetValueOrDefault(new Unit(owner, UnitKind.Edge, "")) ?? [])
            .Where(problem => problem.Kind == name.Kind && problem.Namespace == name.Key.Namespace && problem.Name == name.Key.Name).Distinct()];
        return [.. parents.Select(parent => parent.Wanted is null && AttachmentOf(name, references, parent.Parent, route.Namespace) is { } attachment ? new ParentConditions(parent.Parent, [.. RouteVerdicts.Conditions(attachment.Reason, attachment.Message, problems, rules)]) : parent)];
    }

    private RouteAttachment? AttachmentOf(ObjectName name, ParentReference[] references, ParentReference parent, string @namespace) => _attachments.Values.SelectMany(static attachments => attachments)
        .FirstOrDefault(attachment => attachment.Route == name && attachment.Parent < references.Length && references[attachment.Parent].Whole(@namespace).Equals(parent.Whole(@namespace)));

    /// <summary>Adds what holds at edges, as the mesh's configuration says it (gatewayTopology).</summary>
    private void AddTopology(ResourceKey owner, WaypointSettings settings)
    {
        if (!IsEdge(owner) || _meshConfig is null)
        {
            return;
        }

        SpecReader? topology = new SpecReader(_meshConfig, new ProblemList()).Object("defaultConfig")?.Object("gatewayTopology");
        settings.TrustedProxies = topology?.Number("numTrustedProxies") ?? 0;
        settings.AcceptsProxyProtocol = topology?.Object("proxyProtocol") is not null;
        settings.ForwardedCertificate = topology?.Text("forwardClientCertDetails") switch
        {
            "FORWARD_ONLY" => ForwardedCertificate.ForwardOnly,
            "APPEND_FORWARD" => ForwardedCertificate.AppendForward,
            "SANITIZE_SET" => ForwardedCertificate.SanitizeSet,
            "ALWAYS_FORWARD_ONLY" => ForwardedCertificate.AlwaysForwardOnly,
            _ => ForwardedCertificate.Sanitize,
        };
    }
}
