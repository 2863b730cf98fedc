using System.Globalization;
using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;
using Ambient.Cni.Redirection.Rules;
using Google.Protobuf;

namespace Ambient.Benchmarks.L7;

/// <summary>The whole path: client's ztunnel, waypoint in a namespace of its own, server's ztunnel; mutual TLS on both legs, capture inside the pods.</summary>
internal sealed class MeshSubject : Subject
{
    private const string WaypointAddress = "10.77.1.2";

    /// <summary>The processes in the order in which they are started.</summary>
    public static IReadOnlyList<string> Hops { get; } = ["server_ztunnel", "waypoint", "client_ztunnel"];

    public override string Name => "ambient-mesh";

    public override string Entry(SubjectContext context) => $"{BenchNetwork.ServiceAddress}:{context.TargetPort}";

    public override IDisposable? Prepare(SubjectContext context) => new Surroundings(context.Network);

    public override IReadOnlyList<ProcessSpec> Processes(SubjectContext context)
    {
        string directory = Directory.CreateDirectory(Path.Combine(context.Directory, "mesh")).FullName;
        string model = Path.Combine(directory, "mesh.yaml");
        File.WriteAllText(model, Model(context.TargetPort));
        string bundle = Path.Combine(directory, "waypoint.bin");
        File.WriteAllBytes(bundle, WaypointSubject.Bundle(context.TargetPort, context.TargetPort, isMesh: true).ToByteArray());
        string authority = Path.Combine(directory, "test-ca");
        Dictionary<string, string> waypoint = new()
        {
            ["POD_NAMESPACE"] = "bench",
            ["SERVICE_ACCOUNT"] = "waypoint",
            ["WAYPOINT_CONFIG_FILE"] = bundle,
            ["FAKE_CA_DIRECTORY"] = authority,
            ["WAYPOINT_THREADS"] = "1",
        };
        return
        [
            new ProcessSpec(context.Network.Server, [context.ZtunnelPath], Ztunnel(authority, model, "server")),
            new ProcessSpec(NameOf(context.Network), [context.WaypointPath], waypoint),
            new ProcessSpec(context.Network.Client, [context.ZtunnelPath], Ztunnel(authority, model, "client")),
        ];
    }

    /// <summary>Waits until a request is answered through all of it.</summary>
    public static void WaitForPath(SubjectContext context)
    {
        string url = $"http://{BenchNetwork.ServiceAddress}:{context.TargetPort}/";
        Shell.Run("ip", "netns", "exec", context.Network.Client, "curl", "-sSf", "-o", "/dev/null", "--retry", "20", "--retry-all-errors", "--retry-delay", "1", "--max-time", "30", url);
    }

    private static string NameOf(BenchNetwork network) => network.Server[..^1] + "w";

    private static Dictionary<string, string> Ztunnel(string authority, string model, string workload) => new()
    {
        ["PROXY_MODE"] = "dedicated",
        ["PROXY_WORKLOAD_INFO"] = $"bench/{workload}/{workload}",
        ["FAKE_CA"] = "true",
        ["FAKE_CA_DIR"] = authority,
        ["XDS_ADDRESS"] = "",
        ["LOCAL_XDS_PATH"] = model,
        ["PACKET_MARK"] = "1337",
        ["ZTUNNEL_WORKER_THREADS"] = "1",
        ["IPV6_ENABLED"] = "false",
        ["ISTIO_META_DNS_CAPTURE"] = "false",
        ["RUST_LOG"] = "info",
    };

    private static string Model(int port) => string.Create(CultureInfo.InvariantCulture, $$$"""
        services:
        - {name: cart, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{{BenchNetwork.ServiceAddress}}}"], ports: {{{{port}}}: {{{port}}}}, waypoint: {destination: "/{{{WaypointAddress}}}", hboneMtlsPort: 15008} }
        policies: []
        workloads:
        - {uid: bench//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{{BenchNetwork.ClientAddress}}}"], protocol: HBONE, services: {} }
        - {uid: bench//Pod/bench/waypoint, name: waypoint, namespace: bench, trustDomain: cluster.local, serviceAccount: waypoint, workloadIps: ["{{{WaypointAddress}}}"], protocol: HBONE, services: {} }
        - {uid: bench//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{{BenchNetwork.ServerAddress}}}"], protocol: HBONE, services: {"bench/cart.bench.svc.cluster.local": {{{{port}}}: {{{port}}}} } }

        """);

    /// <summary>The waypoint's namespace with a link of its own to each side, and the rules of both pods.</summary>
    private sealed class Surroundings : IDisposable
    {
        private readonly string _waypoint;
        private readonly CaptureRules _client;
        private readonly CaptureRules _server;

        public Surroundings(BenchNetwork network)
        {
            _waypoint = NameOf(network);
            Shell.Run("ip", "netns", "add", _waypoint);
            Shell.Run("ip", "-n", _waypoint, "link", "set", "lo", "up");
            Join(network.Client, "eth0", "10.77.1.1", WaypointAddress, BenchNetwork.ClientAddress);
            Join(network.Server, "eth1", "10.77.2.1", "10.77.2.2", BenchNetwork.ServerAddress);
            _client = new CaptureRules(network.Client, BenchNetwork.ClientAddress, RedirectionMethod.Sockets);
            _server = new CaptureRules(network.Server, BenchNetwork.ServerAddress, RedirectionMethod.Sockets);
        }

        public void Dispose()
        {
            _client.Dispose();
            _server.Dispose();
            Shell.TryRun("ip", "netns", "delete", _waypoint);
        }

        // The pod keeps its address; the waypoint finds it behind this link.
        private void Join(string pod, string name, string podSide, string waypointSide, string podAddress)
        {
            Shell.Run("ip", "-n", _waypoint, "link", "add", name, "type", "veth", "peer", "name", "eth1", "netns", pod);
            Shell.Run("ip", "-n", _waypoint, "link", "set", name, "up");
            Shell.Run("ip", "-n", pod, "link", "set", "eth1", "up");
            Shell.Run("ip", "-n", _waypoint, "addr", "add", waypointSide + "/24", "dev", name);
            Shell.Run("ip", "-n", pod, "addr", "add", podSide + "/24", "dev", "eth1");
            Shell.Run("ip", "-n", _waypoint, "route", "add", podAddress + "/32", "via", podSide);
        }
    }
}
