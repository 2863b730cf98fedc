using Ambient.ControlPlane.Discovery.Policies;
using Ambient.ControlPlane.Discovery.Services;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Protocol.Istio.Security;
using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>Whose endpoints refuse what does not come through their waypoint.</summary>
public sealed partial class MeshIndex
{
    // Clients of a service without an address dial its pods, and nothing of that comes to a waypoint for services.
    private const string Headless = ", and this service has no address (headless): clients dial its pods";
    private const string HeadlessAndClosed = Headless + ", which refuse all but routes of other services that lead there. "
        + "A waypoint for workloads (istio.io/waypoint-for: all) that the pods name, with the policy for that Gateway, lets them in; " + WaypointDuties.Annotation + ": never lets everybody in, without the policy";
    private const string HeadlessAndOpen = Headless + " and do not come through it, so its routes and policies do not hold for them";

    private readonly HttpPolicies _http = new();
    private readonly Dictionary<string, WaypointRequirement> _requirements = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ResourceKey> _refusing = new(StringComparer.Ordinal);
    private readonly Dictionary<ResourceKey, (Authorization Policy, HashSet<string> Workloads)> _refusals = [];
    private int _required;

    /// <summary>A RequestAuthentication as it is now; null: it is gone. Only what it is for counts here.</summary>
    public void SetRequestAuthentication(ResourceKey key, RoutingResource? now) =>
        MarkRequirements(_http.Set(isTokens: true, key, HttpPolicies.Targets(now is not null && IsOurs(now) ? now : null)));

    private void MarkRequirements(IReadOnlyList<(string Kind, ResourceKey Key)> targets)
    {
        foreach ((string kind, ResourceKey key) in targets)
        {
            switch (kind)
            {
                case "Service" or "ServiceEntry":
                    foreach (ServiceView view in _claims.GetValueOrDefault((kind == "ServiceEntry", key)) ?? [])
                    {
                        Mark(SourceKind.Host, new ResourceKey("", view.Message.Hostname));
                    }

                    Mark(kind == "Service" ? SourceKind.ServiceBinding : SourceKind.ServiceEntryBinding, key);
                    break;
                case "Gateway":
                    MarkUsers(key);
                    break;
                case "GatewayClass" when key.Namespace == settings.RootNamespace:
                    foreach (ResourceKey gateway in _gateways.Values.Where(gateway => gateway.Spec.GatewayClassName == key.Name).Select(static gateway => gateway.Key).ToArray())
                    {
                        MarkUsers(gateway);
                    }

                    MarkUsersWhere(IsUnseen);
                    break;
                default:
                    break;
            }
        }
    }

    private void MarkUsers(ResourceKey waypoint) => _due.UnionWith(_waypointUsers.TryGetValue(waypoint, out HashSet<Source>? users) ? users : []);

    /// <summary>Whether the endpoints of a service refuse what does not come through its waypoints.</summary>
    private bool IsRequired(bool isEntry, ResourceKey source, StringMap annotations, IReadOnlyList<ResourceKey> owners) => Duty(annotations, source.Namespace) switch
    {
        WaypointDuty.Always => true,
        WaypointDuty.Never => false,
        _ => HasHttpPolicies(isEntry, source, owners) && owners.All(IsInstanceKnown),
    };

    private bool HasHttpPolicies(bool isEntry, ResourceKey source, IReadOnlyList<ResourceKey> owners) => _http.Has(isEntry ? "ServiceEntry" : "Service", source) || owners.Any(HasHttpPolicies);

    /// <summary>What the condition of a service says about it.</summary>
    private string DutyNote(ObjectMeta meta, bool isEntry, ResourceKey waypoint)
    {
        var key = new ResourceKey(meta.Namespace, meta.Name);
        bool isHeadless = !isEntry && IsHeadless(key);
        string note = IsRequired(isEntry, key, meta.Annotations, [waypoint]) ? ". Traffic that does not come through it is refused" + (isHeadless ? HeadlessAndClosed : "")
            : Duty(meta.Annotations, key.Namespace) == WaypointDuty.OnPolicy && HasHttpPolicies(isEntry, key, [waypoint])
            ? $". Traffic that does not come through it is NOT refused though policies need HTTP: others deploy this waypoint, and no pod with the label {InstanceLabel}: {waypoint.Name} is in its namespace, so nobody knows who comes from it ({WaypointDuties.Annotation}: always refuses all the same)"
            : isHeadless ? HeadlessAndOpen
            : "";
        string? word = meta.Annotations.Find(WaypointDuties.Annotation) ?? AnnotationsOf(meta.Namespace).Find(WaypointDuties.Annotation);
        return word is null || WaypointDuties.Parse(word) is not null ? note : $"{note}. But the annotation {WaypointDuties.Annotation} is none of {WaypointDuties.Words}, so it says nothing";
    }

    private bool IsHeadless(ResourceKey service) => _services.TryGetValue(service, out Kubernetes.Resources.Services.Service? found)
        && (found.Spec.ClusterIP == "None" || found.Spec.ClusterIPs.Contains("None", StringComparer.Ordinal));

    private WaypointDuty Duty(StringMap annotations, string @namespace) =>
        WaypointDuties.Parse(annotations.Find(WaypointDuties.Annotation) ?? AnnotationsOf(@namespace).Find(WaypointDuties.Annotation)) ?? settings.RequiresWaypoint;

    private bool HasHttpPolicies(ResourceKey waypoint) => _http.Has("Gateway", waypoint)
        || (_gateways.TryGetValue(waypoint, out Gateway? gateway) && _http.Has("GatewayClass", new ResourceKey(settings.RootNamespace, gateway.Spec.GatewayClassName)));

    private IEnumerable<string> PrincipalsOf(ResourceKey waypoint) => _waypoints.TryGetValue(waypoint, out WaypointGateway? found)
        ? settings.TrustDomainAliases.Prepend(settings.TrustDomain).Distinct(StringComparer.Ordinal).SelectMany(domain => AccountsOf(found).Select(account => $"{domain}/ns/{waypoint.Namespace}/sa/{account}"))
        : [];

    /// <summary>What a service asks of its endpoints, after its waypoints are known; who its endpoints are hears of it.</summary>
    /// <param name="view">The service.</param>
    /// <param name="serving">Its waypoints, and those that serve on for a moment.</param>
    private void Require(ServiceView view, IReadOnlyList<ResourceKey> serving)
    {
        IReadOnlyList<ResourceKey> owners = OwnersOf(view.Name);
        WaypointRequirement? now = owners.Count == 0 ? InsistsOnUnseen(view) ? new WaypointRequirement(true, []) : null
            : new WaypointRequirement(IsRequired(view.IsEntry, view.Source, view.Annotations, owners), [.. serving.SelectMany(PrincipalsOf).Order(StringComparer.Ordinal)]);
        WaypointRequirement? before = SetRequirement(view.Name, now);

        // Waypoints that nobody requires count only where another service of the same endpoint is stricter.
        if (!Equals(before, now) && (_required > 0 || before?.IsRequired == true))
        {
            MarkAll(SourceKind.Pod, _podLabels.Matching(view.Message.Namespace, view.Selector));
            MarkAll(SourceKind.WorkloadEntry, _entryLabels.Matching(view.Message.Namespace, view.Selector));
            if (view.IsEntry)
            {
                Mark(SourceKind.ServiceEntry, view.Source);
            }
            else
            {
                MarkSlicesOf(view.Source);
            }
        }
    }

    private WaypointRequirement? SetRequirement(string service, WaypointRequirement? now)
    {
        WaypointRequirement? before = _requirements.GetValueOrDefault(service);
        _required += (now?.IsRequired == true ? 1 : 0) - (before?.IsRequired == true ? 1 : 0);
        Put(_requirements, service, now);
        return before;
    }

    /// <summary>Adds the policy that refuses what goes around the waypoints, where they are required.</summary>
    private void AddRefusal(Workload workload, StringMap labels)
    {
        if (isRemote)
        {
            // Another cluster's own control plane tells its ztunnels; here nobody is told that policy, so that no workload may list it.
            return;
        }

        Authorization? policy = WaypointOnlyPolicy.Of(workload, _requirements.GetValueOrDefault, OwnWaypoint(workload, labels));
        ResourceKey? now = policy is null ? null : new ResourceKey(policy.Namespace, policy.Name);
        if (now is { } key)
        {
            workload.AuthorizationPolicies.Add($"{key.Namespace}/{key.Name}");
            if (!_refusals.TryGetValue(key, out (Authorization Policy, HashSet<string> Workloads) shared))
            {
                _refusals[key] = shared = (policy!, []);
                Mark(SourceKind.WaypointRefusal, key);
            }

            shared.Workloads.Add(workload.Uid);
        }

        if (_refusing.TryGetValue(workload.Uid, out ResourceKey before) && before != now)
        {
            DropRefusal(workload.Uid);
        }

        if (now is { } kept)
        {
            _refusing[workload.Uid] = kept;
        }
    }

    private void DropRefusal(string uid)
    {
        if (_refusing.Remove(uid, out ResourceKey key) && _refusals[key].Workloads is { } workloads && workloads.Remove(uid) && workloads.Count == 0)
        {
            _refusals.Remove(key);
            Mark(SourceKind.WaypointRefusal, key);
        }
    }

    /// <summary>Who may reach a workload that has a waypoint of its own, and requires it; null: that does not matter.</summary>
    private IReadOnlyList<string>? OwnWaypoint(Workload workload, StringMap labels)
    {
        if (workload.Waypoint is null)
        {
            return InsistsOnUnseen(labels, workload.Namespace) ? [] : null;
        }

        // By its name and not by its address, which others may have as well, and which would have to be looked for among all.
        if (WaypointReference.Of(labels, LabelsOf(workload.Namespace), workload.Namespace) is not { } reference || !_waypoints.TryGetValue(reference.Key, out WaypointGateway? waypoint))
        {
            return null;
        }

        bool isRequired = Duty(StringMap.Empty, workload.Namespace) switch { WaypointDuty.Always => true, WaypointDuty.Never => false, _ => HasHttpPolicies(waypoint.Key) && IsInstanceKnown(waypoint.Key) };
        return isRequired ? [.. PrincipalsOf(waypoint.Key)] : null;
    }

    private void ComputeRefusal(Source source) => Give(source, _refusals.TryGetValue(source.Key, out (Authorization Policy, HashSet<string> Workloads) found) ? [ToChange(found.Policy)] : []);
}
