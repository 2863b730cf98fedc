using System.Globalization;
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
        WaypointBundle bundle = Bundle(context.TargetPort, 80, isMesh: false);
        for (int number = 0; number < context.Workloads; number++)
        {
            AddService(bundle, number);
        }

        File.WriteAllBytes(path, bundle.ToByteArray());
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

    /// <summary>One more service, with ten routes and ten endpoints in the mesh.</summary>
    private static void AddService(WaypointBundle bundle, int number)
    {
        const int Each = 10;
        string name = string.Create(CultureInfo.InvariantCulture, $"service-{number}");
        Destination destination = new() { Namespace = "bench", Hostname = name + ".bench.svc.cluster.local", Port = 80 };
        Service service = new() { Name = name, Namespace = destination.Namespace, Hostname = destination.Hostname, Ports = { new Port { ServicePort = 80, TargetPort = 8080 } } };
        service.Addresses.Add(new NetworkAddress { Address = Address(20, number) });
        bundle.Addresses.Add(new Address { Service = service });
        PortRoutes routes = new() { Port = 80, Protocol = PortProtocol.Http, HttpActions = { new HttpAction { Targets = { new WeightedTarget { Weight = 1, Destination = destination } } } } };
        for (int each = 0; each < Each; each++)
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"/v{each}/items");
            routes.Http.Add(new HttpRoute { Name = path, Match = new HttpMatch { Path = new PathMatch { SegmentPrefix = path } } });
            bundle.Addresses.Add(new Address
            {
                Workload = new Workload
                {
                    Uid = string.Create(CultureInfo.InvariantCulture, $"bench//Pod/bench/{name}-{each}"),
                    Name = string.Create(CultureInfo.InvariantCulture, $"{name}-{each}"),
                    Namespace = "bench",
                    TrustDomain = "cluster.local",
                    ServiceAccount = name,
                    WorkloadName = name,
                    TunnelProtocol = TunnelProtocol.Hbone,
                    Addresses = { Address(30, (number * Each) + each) },
                    Services = { ["bench/" + destination.Hostname] = new PortList { Ports = { new Port { ServicePort = 80, TargetPort = 8080 } } } },
                },
            });
        }

        bundle.Routes.Add(new ServiceRoutes { Namespace = destination.Namespace, Hostname = destination.Hostname, Ports = { routes } });
    }

    private static ByteString Address(byte network, int number) => ByteString.CopyFrom(10, (byte)(network + (number >> 16)), (byte)(number >> 8), (byte)number);
}
