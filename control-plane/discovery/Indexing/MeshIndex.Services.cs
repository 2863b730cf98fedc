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
        Claim((true, key), _serviceEntries.TryGetValue(key, out ServiceEntry? entry) ? ServiceConversion.OfEntry(entry, AnnotationsOf(key.Namespace), _network) : []);
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
        }

        var source = new Source(SourceKind.Host, new ResourceKey("", host));
        Give(source, [.. now.Values.Select(view => ToChange(view, isCanonical: view == ordered[0]))]);
    }

    /// <summary>Workloads that the old or the new one selects are due when what they take from it is different.</summary>
    private void Replace(ServiceView? before, ServiceView? now)
    {
        if (before is null && now is null)
        {
            return;
        }

        string name = (now ?? before)!.Name;
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
        bool isManaged = view.Labels.Find("gateway.istio.io/managed") is "istio.io-mesh-controller" or "istio.io-eastwest-controller";
        var user = new Source(SourceKind.Host, new ResourceKey("", message.Hostname));
        WaypointGateway? waypoint = isManaged ? null : Waypoint(user, view.Labels, message.Namespace, "service");
        message.Waypoint = waypoint?.Address;
        message.IngressUseWaypoint = waypoint is not null && IsTrue(view.Labels.Find(IngressLabel) ?? LabelsOf(message.Namespace).Find(IngressLabel));
        return new ResourceChange(AddressType, view.Name, new ResourceContent
        {
            Message = new Address { Service = message },
            Aliases = [.. message.Addresses.Select(static address => Alias(address.Network, address.Address, address.HasLength ? address.Length : null)).Distinct(StringComparer.Ordinal)],
            IsGroup = true,
        });
    }

    private static bool IsTrue(string? text) => text is "1" or "t" or "T" or "true" or "TRUE" or "True";

    private static string Alias(string network, Google.Protobuf.ByteString address, uint? length) =>
        $"{network}/{new System.Net.IPAddress(address.Span)}{(length is { } bits ? $"/{bits}" : "")}";
}
