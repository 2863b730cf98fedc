using System.Net;
using System.Text.Json;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Protocol.L7;
using Ambient.Testing.Networks;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;
using Google.Protobuf;
using Wire = Ambient.Protocol.Istio.Workload;

namespace Ambient.Component.Tests.Clusters;

/// <summary>
/// A client on the network <c>near</c> and a server on the network <c>far</c>, each behind a ztunnel of its own; between them a gateway of <c>far</c>, which is our
/// waypoint program in that role. What each knows is what a control plane of its cluster would tell it.
/// </summary>
internal sealed class TwoNetworks : IAsyncDisposable
{
    public const string Host = "cart.bench.svc.cluster.local";
    private readonly string _configuration;

    private TwoNetworks(MeshPair pair)
    {
        Pair = pair;
        _configuration = Path.Combine(pair.Network.Directory, "gateway.bin");
    }

    public MeshPair Pair { get; }

    public Peer Gateway { get; private set; } = null!;

    /// <param name="isServed">Whether the service is global in the far cluster.</param>
    /// <param name="policy">A policy of the server, in the form of local models; empty for none.</param>
    /// <param name="farWaypoint">The service's waypoint in the far cluster; null for none.</param>
    public static async Task<TwoNetworks> StartAsync(bool isServed = true, string policy = "", IPAddress? farWaypoint = null)
    {
        MeshPair pair = await MeshPair.StartSidesAsync([("NETWORK", "near")], [("NETWORK", "far")]);
        var mesh = new TwoNetworks(pair);
        try
        {
            mesh.Configure(isServed, farWaypoint);
            mesh.StartGateway();
            await mesh.Gateway.LineAsync("waypoint is running");
            await pair.ReplaceModelAsync(mesh.Model(policy, isFar: true), "SplitHorizon", pair.Client, pair.Server);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    public void StartGateway() => Gateway = Pair.Network.Start(new ProcessPlan("gateway", Path.Combine(AppContext.BaseDirectory, "waypoint"))
    {
        NamespaceName = Pair.Stranger.NamespaceName,
        LogPath = Path.Combine(Pair.Network.Directory, "gateway.log"),
        Environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["POD_NAMESPACE"] = "istio-gateways",
            ["SERVICE_ACCOUNT"] = "ew",
            ["GATEWAY_ROLE"] = "east-west",
            ["NETWORK"] = "far",
            ["WAYPOINT_CONFIG_FILE"] = _configuration,
            ["FAKE_CA_DIRECTORY"] = Pair.Authority,
            ["TERMINATION_DRAIN_SECONDS"] = "5",
            ["MINIMUM_DRAIN_DURATION"] = "0s",
        },
    });

    /// <summary>
    /// Both networks in one file, for the proxies read the same: the server by its own address on its network, as its own cluster knows it, and for the client the
    /// summary behind the gateway, which is the service's only endpoint there.
    /// </summary>
    /// <param name="policy">A policy of the server; empty for none.</param>
    /// <param name="isFar">Whether the far network is known.</param>
    /// <param name="local">A pod on the near network that serves as well; null for none.</param>
    /// <param name="waypoint">The service's waypoint on the near network; null for none.</param>
    public string Model(string policy, bool isFar, VirtualPod? local = null, VirtualPod? waypoint = null)
    {
        string far = !isFar ? "" : $$"""
            - {uid: "far/SplitHorizonWorkload/istio-gateways/ew/{{Pair.Stranger.Address}}/bench/{{Host}}", name: split, namespace: bench, network: far, workloadIps: [], protocol: HBONE, networkGateway: {destination: "far/{{Pair.Stranger.Address}}", hboneMtlsPort: 15008}, services: {"bench/{{Host}}": {9000: 9000} } }
            - {uid: "NetworkGateway/far/{{Pair.Stranger.Address}}/0", name: ew, namespace: istio-gateways, trustDomain: cluster.local, serviceAccount: ew, network: far, workloadIps: ["{{Pair.Stranger.Address}}"], protocol: HBONE, services: {} }
            """;
        string near = local is null ? "" : $$"""
            - {uid: "near//Pod/bench/{{local.Name}}", name: {{local.Name}}, namespace: bench, trustDomain: cluster.local, serviceAccount: {{local.Name}}, network: near, workloadIps: ["{{local.Address}}"], protocol: HBONE, services: {"bench/{{Host}}": {9000: 9000} } }
            """;
        string way = waypoint is null ? "" : $", waypoint: {{destination: \"near/{waypoint.Address}\", hboneMtlsPort: 15008}}";
        string through = waypoint is null ? "" : $$"""
            - {uid: "near//Pod/bench/waypoint", name: waypoint, namespace: bench, trustDomain: cluster.local, serviceAccount: waypoint, network: near, workloadIps: ["{{waypoint.Address}}"], protocol: HBONE, services: {} }
            """;
        return $$$"""
            services:
            - {name: cart, namespace: bench, hostname: {{{Host}}}, vips: ["near/{{{MeshPair.Service.Address}}}"], ports: {9000: 9000}, subjectAltNames: ["spiffe://cluster.local/ns/bench/sa/server"]{{{way}}}}
            policies: [{{{policy}}}]
            workloads:
            - {uid: near//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, network: near, workloadIps: ["{{{Pair.Client.Address}}}"], protocol: HBONE, services: {} }
            - {uid: far//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, network: far, workloadIps: ["{{{Pair.Server.Address}}}"], protocol: HBONE, authorizationPolicies: [{{{(policy.Length > 0 ? "bench/p" : "")}}}], services: {} }
            {{{far}}}
            {{{near}}}
            {{{through}}}
            """;
    }

    /// <summary>Whether the client's proxy has anything of the far network's services.</summary>
    public async Task<bool> KnowsFarAsync()
    {
        using JsonDocument dump = JsonDocument.Parse(await Pair.GetAsync(Pair.Client, 15000, "/config_dump"));
        return dump.RootElement.GetProperty("workloads").GetRawText().Contains("SplitHorizon", StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync() => await Pair.DisposeAsync();

    /// <summary>What the gateway's control plane tells it: the service when it is global, and its endpoint.</summary>
    private void Configure(bool isServed, IPAddress? waypoint)
    {
        var bundle = new WaypointBundle { Settings = new WaypointSettings() };
        if (isServed)
        {
            bundle.Routes.Add(new ServiceRoutes { Namespace = "bench", Hostname = Host, Ports = { new PortRoutes { Port = MeshPair.Port, Protocol = PortProtocol.Tcp } } });
        }

        var service = new Wire.Service { Name = "cart", Namespace = "bench", Hostname = Host, Ports = { new Wire.Port { ServicePort = MeshPair.Port, TargetPort = MeshPair.Port } } };
        service.Addresses.Add(new Wire.NetworkAddress { Network = "far", Address = ByteString.CopyFrom(MeshPair.Service.Address.GetAddressBytes()) });
        service.Waypoint = waypoint is null ? null : new Wire.GatewayAddress { HboneMtlsPort = 15008, Address = new Wire.NetworkAddress { Network = "far", Address = ByteString.CopyFrom(waypoint.GetAddressBytes()) } };
        var server = new Wire.Workload
        {
            Uid = "far//Pod/bench/server",
            Name = "server",
            Namespace = "bench",
            ServiceAccount = "server",
            Network = "far",
            TunnelProtocol = Wire.TunnelProtocol.Hbone,
            Addresses = { ByteString.CopyFrom(Pair.Server.Address.GetAddressBytes()) },
        };
        server.Services[$"bench/{Host}"] = new Wire.PortList { Ports = { new Wire.Port { ServicePort = MeshPair.Port, TargetPort = MeshPair.Port } } };
        bundle.Addresses.Add(new Wire.Address { Service = service });
        bundle.Addresses.Add(new Wire.Address { Workload = server });
        File.WriteAllBytes(_configuration, bundle.ToByteArray());
    }
}
