using System.Net;
using Ambient.Component.Tests.Ztunnel;
using Ambient.ControlPlane.Routing;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Protocol.L7;
using Ambient.Testing.Networks;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;
using Google.Protobuf;
using Wire = Ambient.Protocol.Istio.Workload;

namespace Ambient.Component.Tests.Clusters;

/// <summary>A waypoint on the near network for the service of <see cref="TwoNetworks"/>, whose endpoints are behind the gateway of the far one, and perhaps near as well.</summary>
internal sealed class NearWaypoint
{
    private NearWaypoint(VirtualPod pod, ProcessPlan plan, TwoNetworks mesh) => (Pod, Proxy) = (pod, mesh.Pair.Network.Start(plan));

    public VirtualPod Pod { get; }

    public Peer Proxy { get; }

    /// <summary>Starts it, and leads the client there.</summary>
    /// <param name="mesh">Both networks.</param>
    /// <param name="protocol">What the service's port speaks.</param>
    /// <param name="policy">A policy of the server, in the form of local models; empty for none.</param>
    /// <param name="member">Who may answer for the service: a service account.</param>
    /// <param name="local">A pod on the near network that serves as well; null for none.</param>
    public static async Task<NearWaypoint> StartAsync(TwoNetworks mesh, PortProtocol protocol, string policy = "", string member = "server", VirtualPod? local = null)
    {
        MeshPair pair = mesh.Pair;
        string configuration = Path.Combine(pair.Network.Directory, "near.bin");
        File.WriteAllBytes(configuration, Bundle(pair, protocol, member, local).ToByteArray());
        VirtualPod pod = pair.Client.Node.AddPod("waypoint");
        NearWaypoint waypoint = new(
            pod,
            new ProcessPlan("near", Path.Combine(AppContext.BaseDirectory, "waypoint"))
            {
                NamespaceName = pod.NamespaceName,
                LogPath = Path.Combine(pair.Network.Directory, "near.log"),
                Environment = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["POD_NAMESPACE"] = "bench",
                    ["SERVICE_ACCOUNT"] = "waypoint",
                    ["NETWORK"] = "near",
                    ["WAYPOINT_CONFIG_FILE"] = configuration,
                    ["FAKE_CA_DIRECTORY"] = pair.Authority,
                    ["TERMINATION_DRAIN_SECONDS"] = "5",
                    ["MINIMUM_DRAIN_DURATION"] = "0s",
                },
            },
            mesh);
        await waypoint.Proxy.LineAsync("waypoint is running");
        await pair.ReplaceModelAsync(mesh.Model(policy, isFar: true, local, pod), "near//Pod/bench/waypoint", pair.Client, pair.Server);
        return waypoint;
    }

    private static WaypointBundle Bundle(MeshPair pair, PortProtocol protocol, string member, VirtualPod? local)
    {
        RoutedService cart = new("bench", "cart", TwoNetworks.Host, IsEntry: false, [new RoutedPort(MeshPair.Port, "port", protocol)]);
        CompiledWaypoint compiled = WaypointCompiler.Compile(new WaypointScope { Namespace = "bench", Gateway = "waypoint", Served = [cart], Visible = [cart], Policies = [], Objects = [] });
        WaypointBundle bundle = new() { Settings = new WaypointSettings { LogsAccess = true } };
        bundle.Routes.AddRange(compiled.Routes);
        bundle.Destinations.AddRange(compiled.Destinations);
        Wire.Service service = new() { Name = "cart", Namespace = "bench", Hostname = TwoNetworks.Host, Ports = { Port() }, SubjectAltNames = { $"spiffe://cluster.local/ns/bench/sa/{member}" } };
        service.Addresses.Add(Place("near", MeshPair.Service.Address));
        bundle.Addresses.Add(new Wire.Address { Service = service });
        IPAddress gateway = pair.Stranger.Address;
        Wire.Workload far = Workload($"far/SplitHorizonWorkload/istio-gateways/ew/{gateway}/bench/{TwoNetworks.Host}", "split", "far", null);
        far.NetworkGateway = new Wire.GatewayAddress { Address = Place("far", gateway), HboneMtlsPort = 15008 };

        // One try in a thousand for whoever is near: what is near is found because the far side fails.
        far.Capacity = 1000;
        Serve(far);
        bundle.Addresses.Add(new Wire.Address { Workload = far });
        Wire.Workload leading = Workload($"NetworkGateway/far/{gateway}/0", "ew", "far", gateway);
        leading.Namespace = "istio-gateways";
        bundle.Addresses.Add(new Wire.Address { Workload = leading });
        if (local is not null)
        {
            Wire.Workload near = Workload($"near//Pod/bench/{local.Name}", local.Name, "near", local.Address);
            Serve(near);
            bundle.Addresses.Add(new Wire.Address { Workload = near });
        }

        return bundle;
    }

    private static Wire.Workload Workload(string uid, string name, string network, IPAddress? address)
    {
        Wire.Workload workload = new() { Uid = uid, Name = name, Namespace = "bench", ServiceAccount = name, TrustDomain = "cluster.local", Network = network, TunnelProtocol = Wire.TunnelProtocol.Hbone };
        if (address is not null)
        {
            workload.Addresses.Add(ByteString.CopyFrom(address.GetAddressBytes()));
        }

        return workload;
    }

    private static void Serve(Wire.Workload workload) => workload.Services[$"bench/{TwoNetworks.Host}"] = new Wire.PortList { Ports = { Port() } };

    private static Wire.Port Port() => new() { ServicePort = MeshPair.Port, TargetPort = MeshPair.Port };

    private static Wire.NetworkAddress Place(string network, IPAddress address) => new() { Network = network, Address = ByteString.CopyFrom(address.GetAddressBytes()) };
}
