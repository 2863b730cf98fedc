using Ambient.ControlPlane.Discovery.Services;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.ControlPlane.Discovery.Workloads;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

public sealed partial class MeshIndex
{
    private const string InstanceLabel = "gateway.networking.k8s.io/gateway-name";
    private readonly Dictionary<ResourceKey, Pod> _pods = [];
    private readonly Dictionary<ResourceKey, WorkloadEntry> _entries = [];
    private readonly Dictionary<ResourceKey, EndpointSlice> _slices = [];
    private readonly Dictionary<ResourceKey, HashSet<ResourceKey>> _slicesOf = [];
    private readonly Dictionary<ResourceKey, HashSet<ResourceKey>> _slicesTo = [];
    private readonly Dictionary<string, HashSet<ResourceKey>> _podsByNode = new(StringComparer.Ordinal);
    private readonly LabelIndex _podLabels = new();
    private readonly LabelIndex _entryLabels = new();

    /// <summary>A pod as it is now; null: it is gone.</summary>
    public void SetPod(ResourceKey key, Pod? now)
    {
        _pods.TryGetValue(key, out Pod? old);
        if (old is not null && old.Spec.NodeName != now?.Spec.NodeName)
        {
            LabelIndex.Drop(_podsByNode, old.Spec.NodeName, key);
        }

        SetInstance(key, old, now);
        Put(_pods, key, now);
        _podLabels.Set(key, now?.Metadata.Labels);
        if (now is not null && old?.Spec.NodeName != now.Spec.NodeName)
        {
            LabelIndex.Add(_podsByNode, now.Spec.NodeName, key);
        }

        Mark(SourceKind.Pod, key);
    }

    /// <summary>A WorkloadEntry as it is now; null: it is gone.</summary>
    public void SetWorkloadEntry(ResourceKey key, WorkloadEntry? now)
    {
        now = now is not null && IsOurs(now) ? now : null;
        Put(_entries, key, now);
        _entryLabels.Set(key, now is null ? null : WorkloadConversion.Labels(now));
        Mark(SourceKind.WorkloadEntry, key);
        Mark(SourceKind.WorkloadEntryBinding, key);
    }

    /// <summary>An EndpointSlice as it is now; null: it is gone.</summary>
    public void SetEndpointSlice(ResourceKey key, EndpointSlice? now)
    {
        if (_slices.TryGetValue(key, out EndpointSlice? old))
        {
            LabelIndex.Drop(_slicesOf, ServiceOf(old), key);
            MarkTargets(old, (pod) => LabelIndex.Drop(_slicesTo, pod, key));
        }

        Put(_slices, key, now);
        if (now is not null)
        {
            LabelIndex.Add(_slicesOf, ServiceOf(now), key);
            MarkTargets(now, (pod) => LabelIndex.Add(_slicesTo, pod, key));
        }

        Mark(SourceKind.EndpointSlice, key);
    }

    private static ResourceKey ServiceOf(EndpointSlice slice) => new(slice.Metadata.Namespace, slice.Metadata.Labels.Find(EndpointSlice.ServiceNameLabel) ?? "");

    private static bool IsUsable(EndpointSlice slice) => slice.AddressType is "IPv4" or "IPv6" && slice.Metadata.Labels.ContainsKey(EndpointSlice.ServiceNameLabel);

    private void MarkTargets(EndpointSlice slice, Action<ResourceKey> note)
    {
        foreach (Endpoint endpoint in slice.Endpoints)
        {
            if (endpoint.TargetRef is { Kind: "Pod" } target)
            {
                var pod = new ResourceKey(string.IsNullOrEmpty(target.Namespace) ? slice.Metadata.Namespace : target.Namespace, target.Name);
                note(pod);

                // Only services without selector take their pods from slices; the others' slices change often and say nothing new.
                if (_services.TryGetValue(ServiceOf(slice), out Kubernetes.Resources.Services.Service? service) && service.Spec.Selector.Count == 0)
                {
                    Mark(SourceKind.Pod, pod);
                }
            }
        }
    }

    private void MarkSlicesOf(ResourceKey service)
    {
        foreach (ResourceKey key in _slicesOf.TryGetValue(service, out HashSet<ResourceKey>? slices) ? slices : [])
        {
            Mark(SourceKind.EndpointSlice, key);
            foreach (Endpoint endpoint in _slices[key].Endpoints)
            {
                if (endpoint.TargetRef is { Kind: "Pod" } target)
                {
                    Mark(SourceKind.Pod, new ResourceKey(string.IsNullOrEmpty(target.Namespace) ? key.Namespace : target.Namespace, target.Name));
                }
            }
        }
    }

    private void ComputePod(Source source)
    {
        if (!_pods.TryGetValue(source.Key, out Pod? pod))
        {
            Give(source, []);
            return;
        }

        StringMap labels = pod.Metadata.Labels;
        List<ServiceView> services = [.. Selecting(source.Key.Namespace, labels), .. SlicedServices(pod)];
        WorkloadContext context = Context(source, labels, labels, services.DistinctBy(static view => view.Name), _localities.GetValueOrDefault(pod.Spec.NodeName));
        Workload? workload = WorkloadConversion.OfPod(pod, context);
        Give(source, workload is null ? [] : [Told(workload, labels, context.Groups)]);
    }

    private void ComputeWorkloadEntry(Source source)
    {
        if (!_entries.TryGetValue(source.Key, out WorkloadEntry? entry) || EndpointAddresses.Problem(entry) is not null)
        {
            Give(source, []);
            return;
        }

        StringMap labels = WorkloadConversion.Labels(entry);
        IEnumerable<ServiceView> services = Selecting(source.Key.Namespace, labels).Where(view => view.IsEntry || settings.ServicesSelectEntries);
        WorkloadContext context = Context(source, labels, labels, services, null);
        Workload workload = WorkloadConversion.OfEntry(entry, context);
        workload.NetworkGateway = GatewayOf(source, workload.Network);
        Give(source, [Told(workload, labels, context.Groups)]);
    }

    /// <summary>The endpoints that a ServiceEntry brings along (control-plane reference 1.10).</summary>
    private void ComputeEndpoints(Source source)
    {
        if (!_serviceEntries.TryGetValue(source.Key, out ServiceEntry? entry))
        {
            Give(source, []);
            return;
        }

        ServiceView[] won = [.. (_claims.GetValueOrDefault((true, source.Key)) ?? []).Where(view => ReferenceEquals(_byName.GetValueOrDefault(view.Name), view))];
        var changes = new List<ResourceChange>();
        // Two of one address would be one workload: what is told of it is what was noted of it.
        foreach (WorkloadEntrySpec endpoint in won.Length > 0 ? entry.Spec.Endpoints.Where(static endpoint => EndpointAddresses.Problem(endpoint.Address) is null).DistinctBy(static endpoint => endpoint.Address) : [])
        {
            WorkloadContext context = Context(source, entry.Metadata.Labels, endpoint.Labels, won, null);
            changes.Add(Told(EndpointWorkload(source, entry, endpoint, context), endpoint.Labels, context.Groups));
        }

        bool isImplicit = entry.Spec.Endpoints.Count == 0 && entry.Spec.WorkloadSelector is null && (entry.Spec.Resolution is "DNS" or "DNS_ROUND_ROBIN" or "DYNAMIC_DNS");
        foreach (ServiceView view in isImplicit ? won.DistinctBy(static view => view.Message.Hostname) : [])
        {
            WorkloadContext context = Context(source, entry.Metadata.Labels, StringMap.Of(("istio.io/use-waypoint", "none")), [view], null);
            changes.Add(Told(EndpointWorkload(source, entry, new WorkloadEntrySpec { Address = view.Message.Hostname }, context), StringMap.Empty, context.Groups));
        }

        Give(source, changes);
    }

    private Workload EndpointWorkload(Source source, ServiceEntry entry, WorkloadEntrySpec endpoint, WorkloadContext context)
    {
        // A WorkloadEntry with the ServiceEntry's name, labels and annotations is what the reference makes of an endpoint.
        var stand = new WorkloadEntry { Metadata = entry.Metadata, Spec = endpoint with { Labels = StringMap.Empty } };
        Workload workload = WorkloadConversion.OfEntry(stand, context);
        workload.Uid = $"{settings.ClusterId}/networking.istio.io/ServiceEntry/{source.Key.Namespace}/{source.Key.Name}/{endpoint.Address}";
        workload.WorkloadName = entry.Metadata.Name;
        workload.NetworkGateway = GatewayOf(source, workload.Network);
        workload.CanonicalName = WorkloadNames.Canonical(entry.Metadata.Labels, entry.Metadata.Name);
        return workload;
    }

    /// <summary>Endpoints that are no pods, such as the API server's (control-plane reference 1.11).</summary>
    private void ComputeSlice(Source source)
    {
        _slices.TryGetValue(source.Key, out EndpointSlice? slice);
        SaySpecial(source, slice is null ? null : EndpointAddresses.Problem(slice));
        if (slice is null || !IsUsable(slice)
            || _claims.GetValueOrDefault((false, ServiceOf(slice))) is not [{ } service])
        {
            Give(source, []);
            return;
        }

        var changes = new List<ResourceChange>();
        foreach (Endpoint endpoint in slice.Endpoints.Where(static endpoint => endpoint.TargetRef?.Kind != "Pod" && endpoint.Addresses.Count > 0).DistinctBy(static endpoint => endpoint.Addresses[0]))
        {
            if (ServiceConversion.Bytes(endpoint.Addresses[0]) is null || EndpointAddresses.Problem(endpoint) is not null)
            {
                continue;
            }

            var workload = new Workload
            {
                Uid = $"{settings.ClusterId}/discovery.k8s.io/EndpointSlice/{source.Key.Namespace}/{source.Key.Name}/{endpoint.Addresses[0]}",
                Name = slice.Metadata.Name,
                Namespace = slice.Metadata.Namespace,
                Network = _network,
                ClusterId = settings.ClusterId,
                NetworkMode = NetworkMode.HostNetwork,
                Status = endpoint.IsReady ? WorkloadStatus.Healthy : WorkloadStatus.Unhealthy,
            };
            workload.Addresses.AddRange(endpoint.Addresses.Select(ServiceConversion.Bytes).OfType<Google.Protobuf.ByteString>());
            WorkloadConversion.AddServices(workload, [service], (_, port) => SlicePort(slice, port));
            changes.Add(Told(workload, StringMap.Empty, []));
        }

        Give(source, changes);
    }

    private static uint SlicePort(EndpointSlice slice, ServicePortView port) =>
        (uint)(slice.Ports.FirstOrDefault(candidate => candidate.Name == port.Name && (candidate.Protocol is "" or "TCP"))?.Port ?? 0);

    private IEnumerable<ServiceView> Selecting(string @namespace, StringMap labels) => _serviceSelectors.Matching(@namespace, labels).Select(name => _byName[name]);

    private IEnumerable<ServiceView> SlicedServices(Pod pod)
    {
        foreach (ResourceKey key in _slicesTo.TryGetValue(pod.Key, out HashSet<ResourceKey>? slices) ? slices : [])
        {
            EndpointSlice slice = _slices[key];
            bool isTarget = slice.Endpoints.Any(endpoint => endpoint.TargetRef is { Kind: "Pod" } target && target.Name == pod.Metadata.Name
                && (string.IsNullOrEmpty(target.Uid) || target.Uid == pod.Metadata.Uid));
            if (isTarget && IsUsable(slice) && slice.Metadata.Namespace == pod.Metadata.Namespace
                && _claims.GetValueOrDefault((false, ServiceOf(slice))) is [{ Selector.Count: 0 } service])
            {
                yield return service;
            }
        }
    }

    /// <summary>What a workload depends on.</summary>
    /// <param name="source">What it is computed from.</param>
    /// <param name="labels">Its labels, for policies.</param>
    /// <param name="waypointLabels">The labels that name its waypoint.</param>
    /// <param name="services">Its services.</param>
    /// <param name="locality">Its node's place.</param>
    private WorkloadContext Context(Source source, StringMap labels, StringMap waypointLabels, IEnumerable<ServiceView> services, Locality? locality)
    {
        string ns = source.Key.Namespace;
        WaypointGateway? instanceOf = null;
        if (labels.Find(InstanceLabel) is { Length: > 0 } gateway)
        {
            var key = new ResourceKey(ns, gateway);
            Use(source, key);
            instanceOf = _waypoints.GetValueOrDefault(key);
        }

        WaypointGateway? waypoint = instanceOf is null ? Waypoint(source, waypointLabels, ns, "workload") : null;
        return new WorkloadContext(settings, _network, locality, [.. services], PoliciesOf(ns, labels), waypoint?.Address, instanceOf?.Binding, waypoint is null ? [] : [ServedBy(waypoint.Key)]);
    }

    /// <summary>The group of the workloads that a waypoint serves by their own addresses.</summary>
    public static string ServedBy(ResourceKey waypoint) => $"waypoint://{waypoint}";

    private ResourceChange Told(Workload workload, StringMap labels, IReadOnlyList<string> groups)
    {
        AddRefusal(workload, labels);
        facts?.OnWorkload(workload.Uid, new WorkloadFacts(labels, [.. workload.Services.Keys]));
        return ToChange(workload, groups);
    }

    internal static ResourceChange ToChange(Workload workload, IReadOnlyList<string>? groups = null) => new(AddressType, workload.Uid, new ResourceContent
    {
        Message = new Address { Workload = workload },
        Aliases = [.. workload.Addresses.Select(address => Alias(workload.Network, address, null)).Distinct(StringComparer.Ordinal)],
        Groups = [.. workload.Services.Keys, .. groups ?? []],
        Node = workload.Node,
    });
}
