using System.Net;
using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;
using Ambient.Protocol.Istio.Workload;
using Ambient.Protocol.L7;
using Google.Protobuf;

namespace Ambient.Benchmarks.L7;

/// <summary>The waypoint with one data-path thread and listeners without tunnels; routes, retries, policies and metrics are on, as in production.</summary>
internal sealed class WaypointSubject : Subject
{
    private const string Key = "bench/cart.bench.svc.cluster.local";

    public override string Name => "ambient";

    public override string Entry(SubjectContext context) => $"{BenchNetwork.ServerAddress}:{HttpPorts.Http1}";

    public override IReadOnlyList<ProcessSpec> Processes(SubjectContext context)
    {
        string path = Path.Combine(context.Directory, "waypoint.bin");
        File.WriteAllBytes(path, Bundle(context.TargetPort, 80, isMesh: false).ToByteArray());
        return
        [
            new ProcessSpec(context.Network.Server, [context.WaypointPath], new Dictionary<string, string>
            {
                ["POD_NAMESPACE"] = "bench",
                ["SERVICE_ACCOUNT"] = "waypoint",
                ["WAYPOINT_CONFIG_FILE"] = path,
                ["FAKE_CA_DIRECTORY"] = Path.Combine(context.Directory, "test-ca"),
                ["WAYPOINT_THREADS"] = "1",
            }),
        ];
    }

    /// <summary>One service with one endpoint, reached plainly or through its ztunnel.</summary>
    public static WaypointBundle Bundle(int targetPort, int servicePort, bool isMesh)
    {
        Destination cart = new() { Namespace = "bench", Hostname = "cart.bench.svc.cluster.local", Port = (uint)servicePort };
        HttpAction action = new() { Targets = { new WeightedTarget { Weight = 1, Destination = cart } }, Retry = new RetryPolicy { Attempts = 2, Conditions = { "connect-failure", "refused-stream" } } };
        PortRoutes port = new() { Port = (uint)servicePort, Protocol = PortProtocol.Http, HttpActions = { action }, Http = { new HttpRoute { Name = "default", Match = new HttpMatch() } } };
        Service service = new() { Name = "cart", Namespace = cart.Namespace, Hostname = cart.Hostname, Ports = { new Port { ServicePort = (uint)servicePort, TargetPort = (uint)targetPort } } };
        service.Addresses.Add(new NetworkAddress { Address = ByteString.CopyFrom(IPAddress.Parse(BenchNetwork.ServiceAddress).GetAddressBytes()) });
        Workload server = new()
        {
            Uid = "bench//Pod/bench/server",
            Name = "server",
            Namespace = "bench",
            TrustDomain = "cluster.local",
            ServiceAccount = "server",
            WorkloadName = "server",
            TunnelProtocol = isMesh ? TunnelProtocol.Hbone : TunnelProtocol.None,
            Addresses = { ByteString.CopyFrom(IPAddress.Parse(BenchNetwork.ServerAddress).GetAddressBytes()) },
            Services = { [Key] = new PortList { Ports = { new Port { ServicePort = (uint)servicePort, TargetPort = (uint)targetPort } } } },
        };
        WaypointBundle bundle = new()
        {
            Settings = new WaypointSettings(),
            Addresses = { new Address { Service = service }, new Address { Workload = server } },
            Routes = { new ServiceRoutes { Namespace = cart.Namespace, Hostname = cart.Hostname, Ports = { port } } },
        };
        foreach (int listening in new[] { HttpPorts.Http1, HttpPorts.Http2 })
        {
            bundle.Settings.Listeners.Add(new Listener { Port = (uint)listening, Namespace = cart.Namespace, Hostname = cart.Hostname, ServicePort = (uint)servicePort });
        }

        return bundle;
    }
}
