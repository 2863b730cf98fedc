using Ambient.Mesh.Addresses;
using Ambient.Mesh.Indexes;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Views;

/// <summary>One consistent state of the mesh. Immutable, so readable from any thread; lookups allocate nothing.</summary>
public sealed class MeshView
{
    internal MeshView()
    {
    }

    /// <summary>A view of nothing.</summary>
    public static MeshView Empty { get; } = new();

    /// <summary>Counts up with each batch; 0 for the empty view.</summary>
    public long Version { get; internal init; }

    /// <summary>The number of workloads.</summary>
    public int WorkloadCount => Uids.Count;

    /// <summary>The number of Services.</summary>
    public int ServiceCount { get; internal init; }

    /// <summary>The policies.</summary>
    public PolicySet Policies { get; internal init; } = PolicySet.Empty;

    /// <summary>All workloads, sorted by uid; sorts on each call.</summary>
    public IReadOnlyList<Workload> WorkloadsByUid => Sorted(Uids.All(), workload => workload.Uid);

    /// <summary>All Services, sorted by hostname, then namespace; sorts on each call.</summary>
    public IReadOnlyList<Service> ServicesByHostname =>
        Sorted(Slots.All().Where(slot => slot.Service is not null).Select(slot => slot.Service!), service => $"{service.Hostname}\0{service.Namespace}");

    /// <summary>Workloads that name a Service that isn't known, sorted by the Service's key; sorts on each call.</summary>
    public IReadOnlyList<(NamespacedHostname Service, IReadOnlyList<Endpoint> Endpoints)> StagedEndpoints =>
        [.. Sorted(Slots.All().Where(slot => slot.Service is null), slot => slot.Key.ToString()).Select(slot => (slot.Key, Staged(slot)))];

    /// <summary>All workloads, in no order.</summary>
    public IEnumerable<Workload> Workloads => Uids.All();

    internal PersistentTrie<string, Workload, WorkloadByUid> Uids { get; init; }

    internal NetworkTables Networks { get; init; } = NetworkTables.Empty;

    internal PersistentTrie<NamespacedHostname, ServiceSlot, ServiceByKey> Slots { get; init; }

    internal PersistentTrie<string, NamedSlot<Service>, ByName<Service>> Hosts { get; init; }

    internal PersistentTrie<string, NamedSlot<Workload>, ByName<Workload>> WorkloadHosts { get; init; }

    internal PersistentTrie<LocalWorkload, LocalSlot, ByLocalWorkload> Locals { get; init; }

    /// <summary>The workload with this address; the best of several (ztunnel.md 3.2). Host-network workloads are never found here.</summary>
    public Workload? FindWorkload(NetworkAddress address) =>
        Networks.Find(address.Network) is NetworkTable table && table.Workloads.TryFind(address.Address, out WorkloadsAt slot) ? slot.Items.First : null;

    /// <summary>The workload with this uid.</summary>
    public Workload? FindWorkloadByUid(string uid) => Uids.TryFind(uid, out Workload? workload) ? workload : null;

    /// <summary>The workload of the own node with this name, namespace and account; of any node when the own node has no name (ztunnel.md 3.1).</summary>
    public Workload? FindLocalWorkload(in LocalWorkload local) => Locals.TryFind(local, out LocalSlot slot) ? slot.Workloads.First : null;

    /// <summary>The workload with this hostname in this namespace.</summary>
    public Workload? FindWorkloadByHost(NamespacedHostname host)
    {
        if (host.Hostname.Length > 0 && WorkloadHosts.TryFind(host.Hostname, out NamedSlot<Workload> slot))
        {
            for (int i = 0; i < slot.Items.Count; i++)
            {
                if (slot.Items[i].Namespace == host.Namespace)
                {
                    return slot.Items[i];
                }
            }
        }

        return null;
    }

    /// <summary>The Service that serves this address for clients of a namespace; exact addresses before ranges. Null as namespace doesn't filter.</summary>
    public Service? FindService(NetworkAddress address, string? clientNamespace) =>
        Networks.Find(address.Network)?.FindService(address.Address, clientNamespace);

    /// <summary>The Service with this namespace and hostname.</summary>
    public Service? FindService(NamespacedHostname key) => Slots.TryFind(key, out ServiceSlot? slot) ? slot.Service : null;

    /// <summary>The Service with this namespace and hostname.</summary>
    public Service? FindServiceByHost(string @namespace, string hostname) => FindService(new NamespacedHostname(@namespace, hostname));

    /// <summary>The Service with this hostname that a client of the namespace gets (ztunnel.md 3.2). Null as namespace doesn't filter.</summary>
    public Service? ChooseServiceByHost(string hostname, string? clientNamespace, string? preferredNamespace = null) =>
        Hosts.TryFind(hostname, out NamedSlot<Service> slot) ? ServiceChoice.Choose(slot.Items, clientNamespace, preferredNamespace) : null;

    /// <summary>The workloads on a network, for gateways and DNS of headless Services: each endpoint's workload, static ones looked up.</summary>
    public IEnumerable<Workload> EndpointWorkloads(Service service)
    {
        foreach (Workload member in service.Members.ToArray())
        {
            yield return member;
        }

        foreach (StaticEndpoint endpoint in service.StaticEndpoints)
        {
            if (service.IsUsed(endpoint) && FindWorkloadByUid(endpoint.WorkloadUid) is Workload workload)
            {
                yield return workload;
            }
        }
    }

    private static List<T> Sorted<T>(IEnumerable<T> items, Func<T, string> key)
    {
        List<(string Key, T Item)> keyed = [.. items.Select(item => (key(item), item))];
        keyed.Sort((a, b) => string.CompareOrdinal(a.Key, b.Key));
        return keyed.ConvertAll(pair => pair.Item);
    }

    private static List<Endpoint> Staged(ServiceSlot slot) =>
        [.. slot.Naming.Select(workload => new Endpoint(workload.Uid, workload.PortsOf(slot.Key), workload.Status, workload))];
}
