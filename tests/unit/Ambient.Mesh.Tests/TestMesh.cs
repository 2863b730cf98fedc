using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Tests;

/// <summary>A mesh written down in a few lines.</summary>
internal sealed class TestMesh
{
    internal TestMesh(string? localNode = null) => State = new MeshState(localNode);

    internal MeshState State { get; }

    internal MeshView View => State.Current;

    internal static Workload Workload(string name, string? address = null, Action<WorkloadSpec>? more = null)
    {
        WorkloadSpec spec = new()
        {
            Name = name,
            Namespace = "ns",
            Uid = $"cluster1//Pod/ns/{name}",
            ServiceAccount = $"{name}-account",
            TrustDomain = "cluster.local",
            ClusterId = "Kubernetes",
        };
        if (address is not null)
        {
            spec.Addresses.Add(IpAddress.Parse(address));
        }

        more?.Invoke(spec);
        return new Workload(spec);
    }

    internal static Service Service(string hostname, string? vip = null, Action<ServiceSpec>? more = null)
    {
        ServiceSpec spec = new() { Name = hostname.Split('.')[0], Namespace = "ns", Hostname = hostname, Ports = PortMap.Of((80, 8080)) };
        if (vip is not null)
        {
            spec.Vips.Add(Address(vip));
        }

        more?.Invoke(spec);
        return new Service(spec);
    }

    /// <summary>"1.2.3.4" is on the empty network, "net/1.2.3.4" on another.</summary>
    internal static NetworkAddress Address(string text) =>
        NetworkAddress.TryParse(text.Contains('/') ? text : "/" + text, out NetworkAddress value) ? value : throw new FormatException(text);

    internal static NetworkPrefix Range(string prefix, string network = "") => new(network, IpPrefix.Parse(prefix));

    internal static GatewayAddress Gateway(string destination, ushort port) =>
        NetworkAddress.TryParse(destination.Contains('/') ? destination : "/" + destination, out NetworkAddress address) ? GatewayAddress.To(address, port)
        : NamespacedHostname.TryParse(destination, out NamespacedHostname? host) ? GatewayAddress.To(host, port)
        : throw new FormatException(destination);

    internal static void Join(WorkloadSpec spec, string hostname, params (int, int)[] ports) =>
        spec.Services.Add(new ServiceMembership(new NamespacedHostname("ns", hostname), PortMap.Of(ports)));

    internal ChangeSummary Put(params Workload[] workloads)
    {
        MeshBatch batch = new();
        batch.Workloads.AddRange(workloads);
        return State.Apply(batch);
    }

    internal ChangeSummary Put(params Service[] services)
    {
        MeshBatch batch = new();
        batch.Services.AddRange(services);
        return State.Apply(batch);
    }

    internal ChangeSummary Put(params AuthorizationPolicy[] policies)
    {
        MeshBatch batch = new();
        batch.Policies.AddRange(policies.Select(policy => (policy.FullName, policy)));
        return State.Apply(batch);
    }

    internal ChangeSummary Remove(params string[] names)
    {
        MeshBatch batch = new();
        batch.RemovedAddresses.AddRange(names);
        return State.Apply(batch);
    }

    internal Service? ServiceAt(string vip, string? clientNamespace = null) => View.FindService(Address(vip), clientNamespace);

    internal string[] EndpointsOf(string hostname) =>
        [.. View.FindServiceByHost("ns", hostname)!.Endpoints.Select(e => e.Workload?.Name ?? e.WorkloadUid).Order(StringComparer.Ordinal)];

    internal void AssertStaged(params string[] expected) =>
        Assert.Equal(expected, View.StagedEndpoints.Select(s => $"{s.Service}:{string.Join(',', s.Endpoints.Select(e => e.Workload!.Name))}"));
}
