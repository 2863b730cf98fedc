using Ambient.ControlPlane.Discovery.Services;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Server.Resources;
using KubernetesService = Ambient.Kubernetes.Resources.Services.Service;
using MeshService = Ambient.Protocol.Istio.Workload.Service;

namespace Ambient.ControlPlane.Discovery.Indexing;

public sealed partial class MeshIndex
{
    private const string IngressLabel = "istio.io/ingress-use-waypoint";
    private readonly Dictionary<ResourceKey, KubernetesService> _services = [];
    private readonly Dictionary<ResourceKey, ServiceEntry> _serviceEntries = [];
    private readonly Dictionary<(bool IsEntry, ResourceKey Key), IReadOnlyList<ServiceView>> _claims = [];
    private readonly Dictionary<string, List<ServiceView>> _claimants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, ServiceView>> _winners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServiceView> _byName = new(StringComparer.Ordinal);
    private readonly SelectorIndex<string> _serviceSelectors = new();
    private readonly Dictionary<string, IReadOnlyList<ResourceKey>> _owners = new(StringComparer.Ordinal);
    private readonly FormerWaypoints? _former = clock is null ? null : new FormerWaypoints(clock);
    private readonly LabelIndex _serviceLabels = new();
    private readonly LabelIndex _serviceEntryLabels = new();

    /// <summary>A Service as it is now; null: it is gone.</summary>
    public void SetService(ResourceKey key, KubernetesService? now)
    {
        Put(_services, key, now);
        _serviceLabels.Set(key, now?.Metadata.Labels);
        RefreshService(key);
    }

    /// <summary>A ServiceEntry as it is now; null: it is gone.</summary>
    public void SetServiceEntry(ResourceKey key, ServiceEntry? now)
    {
        now = now is not null && IsOurs(now) ? now : null;
        Put(_serviceEntries, key, now);
        _serviceEntryLabels.Set(key, now?.Metadata.Labels);
        RefreshServiceEntry(key);
    }

    private void RefreshServicesOf(string? @namespace)
    {
        foreach (ResourceKey key in (@namespace is null ? _serviceLabels.All : _serviceLabels.Of(@namespace)).ToArray())
        {
            RefreshService(key);
        }

        foreach (ResourceKey key in (@namespace is null ? _serviceEntryLabels.All : _serviceEntryLabels.Of(@namespace)).ToArray())
        {
            RefreshServiceEntry(key);
        }
    }

    private void RefreshService(ResourceKey key)
    {
        ServiceView? view = _services.TryGetValue(key, out KubernetesService? service) ? ServiceConversion.OfService(service, AnnotationsOf(key.Namespace), _network, settings) : null;
        Claim((false, key), view is null ? [] : [view]);
        Mark(SourceKind.ServiceBinding, key);
        MarkPoliciesOf("Service", key);
    }

    private void RefreshServiceEntry(ResourceKey key)
    {
        Claim((true, key), _serviceEntries.TryGetValue(key, out ServiceEntry? entry) ? Visible(entry) : []);
        Mark(SourceKind.ServiceEntry, key);
        Mark(SourceKind.ServiceEntryBinding, key);
        MarkPoliciesOf("ServiceEntry", key);
    }

    private void Claim((bool IsEntry, ResourceKey Key) source, IReadOnlyList<ServiceView> now)
    {
        foreach (ServiceView old in _claims.TryGetValue(source, out IReadOnlyList<ServiceView>? before) ? before : [])
        {
            string host = old.Message.Hostname;
            if (_claimants.TryGetValue(host, out List<ServiceView>? list) && list.Remove(old) && list.Count == 0)
            {
                _claimants.Remove(host);
            }

            Mark(SourceKind.Host, new ResourceKey("", host));
        }

        foreach (ServiceView view in now)
        {
            string host = view.Message.Hostname;
            if (!_claimants.TryGetValue(host, out List<ServiceView>? list))
            {
                _claimants[host] = list = [];
            }

            list.Add(view);
            Mark(SourceKind.Host, new ResourceKey("", host));
        }

        Put(_claims, source, now.Count == 0 ? null : now);
    }

    /// <summary>
    /// One claimant in each namespace, one of them canonical (control-plane reference 2.4): a Kubernetes Service before any ServiceEntry, then
    /// the oldest, then by name (Q21).
    /// </summary>
    private void ComputeHost(string host)
    {
        Dictionary<string, ServiceView> before = _winners.GetValueOrDefault(host) ?? [];
        ServiceView[] ordered = [.. (_claimants.GetValueOrDefault(host) ?? [])
            .OrderBy(static view => view.IsEntry).ThenBy(static view => view.Created).ThenBy(static view => view.Source.Namespace, StringComparer.Ordinal).ThenBy(static view => view.Source.Name, StringComparer.Ordinal)];
        var now = new Dictionary<string, ServiceView>(StringComparer.Ordinal);
        foreach (ServiceView view in ordered)
        {
            now.TryAdd(view.Message.Namespace, view);
        }

        Put(_winners, host, now.Count == 0 ? null : now);
        foreach (string ns in before.Keys.Union(now.Keys, StringComparer.Ordinal))
        {
            Replace(before.GetValueOrDefault(ns), now.GetValueOrDefault(ns));
        }

        // Losers learn that they have lost, and winners that they have won.
        foreach (ServiceView view in ordered.Concat(before.Values).Where(static view => view.IsEntry))
        {
            Mark(SourceKind.ServiceEntry, view.Source);
            Mark(SourceKind.ServiceEntryBinding, view.Source);
        }

        foreach (ServiceView gone in before.Values.Where(view => !now.ContainsKey(view.Message.Namespace)))
        {
            facts?.OnService(gone.Name, null);
        }

        // One that only its namespace sees is canonical for nobody, and keeps its place there.
        ServiceView? canonical = ordered.FirstOrDefault(view => view.Message.Visibility == MeshService.Types.Visibility.Public && now[view.Message.Namespace] == view);
        var source = new Source(SourceKind.Host, new ResourceKey("", host));
        Give(source, [.. now.Values.Select(view => ToChange(view, isCanonical: view == canonical))]);
    }

    /// <summary>Workloads that the old or the new one selects are due when what they take from it is different.</summary>
    private void Replace(ServiceView? before, ServiceView? now)
    {
        if (before is null && now is null)
        {
            return;
        }

        string name = (now ?? before)!.Name;
        if (now is null)
        {
            _owners.Remove(name);
            _former?.Forget(name);
            ForgetScope(before!);
            SetRequirement(name, null);
        }

        string ns = (now ?? before)!.Message.Namespace;
        Put(_byName, name, now);
        bool isSelectorSame = (before?.Selector ?? StringMap.Empty).Equals(now?.Selector ?? StringMap.Empty);
        bool isSame = before is not null && now is not null && isSelectorSame && before.IsEntry == now.IsEntry && before.Ports.SequenceEqual(now.Ports);
        if (isSame)
        {
            return;
        }

        _serviceSelectors.Set(name, ns, now?.Selector);
        foreach (StringMap selector in new[] { before?.Selector, now?.Selector }.OfType<StringMap>())
        {
            MarkAll(SourceKind.Pod, _podLabels.Matching(ns, selector));
            MarkAll(SourceKind.WorkloadEntry, _entryLabels.Matching(ns, selector));
        }

        if ((now ?? before)!.IsEntry is false)
        {
            MarkSlicesOf((now ?? before)!.Source);
        }
    }

    private ResourceChange ToChange(ServiceView view, bool isCanonical)
    {
        // The message is shared by all computations and stays as it is.
        MeshService message = view.Message.Clone();
        message.Canonical = isCanonical;
        var user = new Source(SourceKind.Host, new ResourceKey("", message.Hostname));
        WaypointGateway? waypoint = IsManaged(view.Labels) ? null : Waypoint(user, view.Labels, message.Namespace, "service");
        waypoint = waypoint is not null && IsForbidden(waypoint.Key, message.Namespace, view.IsEntry) ? null : waypoint;
        message.Waypoint = waypoint?.Address;
        IReadOnlyList<ResourceKey> before = OwnersOf(view.Name);
        AddCanary(user, view, waypoint, message);
        IReadOnlyList<ResourceKey> serving = [.. OwnersOf(view.Name), .. StillServing(user, view, before)];
        Require(view, serving);
        serving = SetScope(view, waypoint) ? [.. serving, .. _eastWest] : serving;
        bool isForIngress = IsTrue(view.Labels.Find(IngressLabel) ?? LabelsOf(message.Namespace).Find(IngressLabel));
        facts?.OnService(view.Name, Facts(view, serving) with { IngressUsesWaypoint = isForIngress, Named = IsManaged(view.Labels) ? null : WaypointReference.Of(view.Labels, LabelsOf(message.Namespace), message.Namespace)?.Key });
        message.IngressUseWaypoint = waypoint is not null && isForIngress;
        return new ResourceChange(AddressType, view.Name, new ResourceContent
        {
            Message = new Address { Service = message },
            Aliases = [.. message.Addresses.Select(static address => Alias(address.Network, address.Address, address.HasLength ? address.Length : null)).Distinct(StringComparer.Ordinal)],
            IsGroup = true,
        });
    }

    /// <summary>The Gateways whose waypoints serve a service, by the service's name: the first, and the second that it tries.</summary>
    public IReadOnlyList<ResourceKey> OwnersOf(string service) => _owners.GetValueOrDefault(service) ?? [];

    /// <summary>Waypoints that have just been left: they serve on for a moment, unless they may not serve it at all any more.</summary>
    private IReadOnlyList<ResourceKey> StillServing(Source user, ServiceView view, IReadOnlyList<ResourceKey> before)
    {
        string ns = view.Message.Namespace;
        IReadOnlyList<ResourceKey> left = _former?.Change(view.Name, before, OwnersOf(view.Name)) ?? [];
        foreach (ResourceKey former in left)
        {
            Use(user, former);
        }

        return [.. left.Where(former => Judge(new WaypointReference(former, IsOwn: true), ns, "service", out _) == BindingReason.Bound && !IsForbidden(former, ns, view.IsEntry))];
    }

    private void MarkHostOf(string service) => Mark(SourceKind.Host, new ResourceKey("", service[(service.IndexOf('/', StringComparison.Ordinal) + 1)..]));

    private void AddCanary(Source user, ServiceView view, WaypointGateway? primary, MeshService message)
    {
        uint weight = 0;
        WaypointGateway? canary = primary is null ? null : Canary(user, view.Labels, view.Annotations, message.Namespace, primary.Key, out weight, out _);
        canary = canary is not null && IsForbidden(canary.Key, message.Namespace, view.IsEntry) ? null : canary;
        Put(_owners, view.Name, primary is null ? null : canary is null ? (ResourceKey[])[primary.Key] : [primary.Key, canary.Key]);
        if (primary is not null && canary is not null)
        {
            message.WeightedWaypoints.Add(new WeightedWaypoint { Destination = primary.Address, Weight = 100 - weight });
            message.WeightedWaypoints.Add(new WeightedWaypoint { Destination = canary.Address, Weight = weight });
        }
    }

    /// <summary>The second waypoint; null: there is none, or <paramref name="problem"/> says why it does not count.</summary>
    private WaypointGateway? Canary(Source user, StringMap labels, StringMap annotations, string @namespace, ResourceKey primary, out uint weight, out string? problem)
    {
        (weight, problem) = (0, null);
        if (CanaryReference.Of(labels, annotations, LabelsOf(@namespace), AnnotationsOf(@namespace), @namespace) is not { } reference)
        {
            return null;
        }

        string name = $"{reference.Key.Namespace}/{reference.Key.Name}";
        weight = reference.Weight ?? 0;
        if (reference.Key == primary)
        {
            problem = $"canary waypoint \"{name}\" is the waypoint itself (CanarySameAsPrimary)";
            return null;
        }

        if (reference.Weight is null)
        {
            problem = "the weight of the canary waypoint is no number from 0 to 100 (CanaryInvalidWeight)";
            return null;
        }

        Use(user, reference.Key);
        BindingReason reason = Judge(new WaypointReference(reference.Key, IsOwn: true), @namespace, "service", out WaypointGateway? canary);
        problem = reason switch
        {
            BindingReason.Bound => null,
            BindingReason.NotReady => $"canary waypoint \"{name}\" is not ready (WaypointIsNotReady)",
            BindingReason.Denied => $"canary waypoint \"{name}\" does not allow the namespace {@namespace} (AttachmentDenied)",
            _ => $"canary waypoint \"{name}\" does not serve services (UnsupportedTrafficType)",
        };
        return problem is null ? canary : null;
    }

    private static ServiceFacts Facts(ServiceView view, IReadOnlyList<ResourceKey> waypoints) => new(
        view.Message.Namespace,
        view.Source.Name,
        view.Message.Hostname,
        view.IsEntry,
        [.. view.Ports.Select(static port => new PortFacts((ushort)port.Number, port.Name, port.Declared))],
        waypoints)
    {
        Resolution = view.Resolution,
        IsExternal = view.IsExternal,
        Races = view.IsEntry && view.Annotations.Find("istio.io/connect-strategy") == "RACE_FIRST_TCP_CONNECT",
        HasRange = view.Message.Addresses.Any(static address => address.HasLength),
        SubjectAltNames = view.IsEntry ? [.. view.Message.SubjectAltNames] : [],
    };

    private static bool IsTrue(string? text) => text is "1" or "t" or "T" or "true" or "TRUE" or "True";

    private static string Alias(string network, Google.Protobuf.ByteString address, uint? length) =>
        $"{network}/{new System.Net.IPAddress(address.Span)}{(length is { } bits ? $"/{bits}" : "")}";
}
