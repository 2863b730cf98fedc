using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ambient.Component.Tests.Ztunnel;
using Ambient.ControlPlane.Routing;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.L7;
using Ambient.Testing.Networks;
using Ambient.Topology.Processes;
using Google.Protobuf;
using Wire = Ambient.Protocol.Istio.Workload;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>
/// A client and a server pod, each behind a ztunnel of its own, and a waypoint between them: service <c>cart</c> has it, <c>v1</c> and <c>v2</c> are what its routes
/// may lead to, <c>raw</c> is not HTTP. All endpoints are ports of the server's pod.
/// </summary>
internal sealed class WaypointMesh : IAsyncDisposable
{
    public const int HttpPort = 9000;
    public const int RawPort = 9100;
    public const int GrpcPort = 9200;

    private static readonly RoutedService[] Services =
    [
        Routed("cart", new RoutedPort(HttpPort, "http", PortProtocol.Http), new RoutedPort(RawPort, "raw", PortProtocol.Detect), new RoutedPort(GrpcPort, "grpc", PortProtocol.Http2)),
        Routed("v1", new RoutedPort(HttpPort, "http", PortProtocol.Http)),
        Routed("v2", new RoutedPort(HttpPort, "http", PortProtocol.Http)),
        Routed("authz", new RoutedPort(HttpPort, "http", PortProtocol.Http)),
        Routed("v3", new RoutedPort(HttpPort, "http", PortProtocol.Http)),
        Routed("both", new RoutedPort(HttpPort, "http", PortProtocol.Http)),
    ];

    private readonly string _configuration;

    private WaypointMesh(MeshPair pair)
    {
        Pair = pair;
        _configuration = Path.Combine(pair.Network.Directory, "waypoint.bin");
    }

    public MeshPair Pair { get; }

    /// <summary>Where the waypoint looks for revocation lists; nothing is there at first.</summary>
    public string RevocationList => Path.Combine(Pair.Network.Directory, "ca-crl.pem");

    public Peer Waypoint { get; private set; } = null!;

    /// <summary>The mesh's extension providers, for the next configuration.</summary>
    public string[] Providers { get; set; } = [];

    /// <summary>Whether the waypoint serves anything, for the next configuration.</summary>
    public bool ServesCart { get; set; } = true;

    /// <summary>Secrets and ConfigMaps that objects name, for the next configuration.</summary>
    public Func<ReferenceKey, Referenced> References { get; set; } = static _ => Referenced.Missing;

    public static Task<WaypointMesh> StartAsync(AuthorizationPolicy[] policies, params (string Kind, string Spec)[] objects) => StartAsync([], policies, objects);

    public static async Task<WaypointMesh> StartAsync(string[] providers, AuthorizationPolicy[] policies, params (string Kind, string Spec)[] objects)
    {
        MeshPair pair = await MeshPair.StartAsync();
        WaypointMesh mesh = new(pair) { Providers = providers };
        try
        {
            mesh.Configure(policies, objects);
            string program = Path.Combine(AppContext.BaseDirectory, "waypoint");
            mesh.Waypoint = pair.Network.Start(new ProcessPlan("waypoint", program)
            {
                NamespaceName = pair.Stranger.NamespaceName,
                LogPath = Path.Combine(pair.Network.Directory, "waypoint.log"),
                Environment = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["POD_NAMESPACE"] = "bench",
                    ["SERVICE_ACCOUNT"] = "waypoint",
                    ["WAYPOINT_CONFIG_FILE"] = mesh._configuration,
                    ["FAKE_CA_DIRECTORY"] = pair.Authority,
                    ["CRL_PATH"] = mesh.RevocationList,
                    ["TERMINATION_DRAIN_SECONDS"] = "5",
                    ["MINIMUM_DRAIN_DURATION"] = "0s",

                    // A client that a busy machine holds up is not silent.
                    ["PROTOCOL_DETECTION_MILLISECONDS"] = "3000",
                },
            });
            await mesh.Waypoint.LineAsync("waypoint is running");
            await pair.ReplaceModelAsync(mesh.Model(), "waypoint", pair.Client, pair.Server);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes the waypoint's configuration; it watches the file, so it is replaced in one step.</summary>
    public void Configure(AuthorizationPolicy[] policies, params (string Kind, string Spec)[] objects)
    {
        CompiledWaypoint compiled = WaypointCompiler.Compile(new WaypointScope
        {
            Namespace = "bench",
            Gateway = "waypoint",
            Served = ServesCart ? [Services[0]] : [],
            Visible = Services,
            Policies = policies,
            References = References,
            ExtensionProviders = [.. Providers.Select(provider => JsonDocument.Parse(provider).RootElement.Clone())],
            MeshConfig = objects.Where(o => o.Kind == "MeshConfig").Select(o => new RoutingObject(o.Kind, "istio-system", "mesh", DateTimeOffset.UnixEpoch, JsonDocument.Parse(o.Spec).RootElement.Clone())).FirstOrDefault(),
            Objects = [.. objects.Select((o, age) => new RoutingObject(o.Kind, "bench", $"o{age}", DateTimeOffset.UnixEpoch.AddMinutes(age), JsonDocument.Parse(o.Spec).RootElement.Clone()))],
        });
        Assert.DoesNotContain(compiled.Problems, problem => problem.Reason != RoutingProblem.NoEffect && !problem.Message.Contains("nobody-knows", StringComparison.Ordinal));
        WaypointBundle bundle = new() { Settings = new WaypointSettings { LogsAccess = true } };
        bundle.Settings.Authorizers.AddRange(compiled.Authorizers);
        bundle.Settings.Telemetry = compiled.Telemetry;
        bundle.Routes.AddRange(compiled.Routes);
        bundle.Destinations.AddRange(compiled.Destinations);
        bundle.Policies.AddRange(compiled.Policies);
        bundle.Tokens.AddRange(compiled.Tokens);
        bundle.Limits.AddRange(compiled.Limits);
        bundle.Addresses.Add(Services.Select((service, index) => new Wire.Address { Service = ServiceMessage(service, index) }));
        bundle.Addresses.Add(new Wire.Address { Workload = WorkloadMessage("client", Pair.Client.Address, [("both", HttpPort, 9004)]) });
        bundle.Addresses.Add(new Wire.Address { Workload = WorkloadMessage("server", Pair.Server.Address, [("cart", HttpPort, 9001), ("cart", RawPort, 9100), ("cart", GrpcPort, 9003), ("v1", HttpPort, 9001), ("v2", HttpPort, 9002), ("authz", HttpPort, 9003), ("both", HttpPort, 9004)]) });
        File.WriteAllBytes(_configuration + ".new", bundle.ToByteArray());
        File.Move(_configuration + ".new", _configuration, overwrite: true);
    }

    /// <summary>Sends bytes to the service from the client's pod and reads the answer until it is whole.</summary>
    public string Ask(string request, int port = HttpPort)
    {
        using Socket socket = MeshPair.Connect(Pair.Client, new System.Net.IPEndPoint(MeshPair.Service.Address, port));
        return Ask(socket, request);
    }

    /// <summary>The same on a connection that stays.</summary>
    public static string Ask(Socket socket, string request)
    {
        socket.ReceiveTimeout = 20_000;
        socket.Send(Encoding.Latin1.GetBytes(request));
        StringBuilder answer = new();
        byte[] buffer = new byte[16384];
        while (!IsWhole(answer.ToString()) && socket.Receive(buffer) is int read and > 0)
        {
            answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        return answer.ToString();
    }

    public async ValueTask DisposeAsync() => await Pair.DisposeAsync();

    /// <summary>Whether a message with a length is there to its end.</summary>
    public static bool IsWhole(string answer)
    {
        int end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return false;
        }

        string? length = answer[..end].Split("\r\n").FirstOrDefault(line => line.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase));
        return length is not null && answer.Length - end - 4 >= int.Parse(length.AsSpan(15), provider: null);
    }

    private static RoutedService Routed(string name, params RoutedPort[] ports) => new("bench", name, $"{name}.bench.svc.cluster.local", IsEntry: false, ports);

    private static Wire.Service ServiceMessage(RoutedService service, int index)
    {
        Wire.Service message = new() { Name = service.Name, Namespace = "bench", Hostname = service.Hostname };
        message.Addresses.Add(new Wire.NetworkAddress { Address = ByteString.CopyFrom(10, 96, 0, (byte)(10 + index)) });
        message.Ports.Add(service.Ports.Select(port => new Wire.Port { ServicePort = port.Number, TargetPort = port.Number }));
        return message;
    }

    private static Wire.Workload WorkloadMessage(string name, System.Net.IPAddress address, (string Service, int Port, int Target)[] ports)
    {
        Wire.Workload workload = new()
        {
            Uid = $"c//Pod/bench/{name}",
            Name = name,
            Namespace = "bench",
            TrustDomain = "cluster.local",
            ServiceAccount = name,
            WorkloadName = name,
            CanonicalName = name,
            CanonicalRevision = "v1",
            TunnelProtocol = Wire.TunnelProtocol.Hbone,
            Addresses = { ByteString.CopyFrom(address.GetAddressBytes()) },
        };
        foreach (IGrouping<string, (string Service, int Port, int Target)> service in ports.GroupBy(port => port.Service))
        {
            Wire.PortList list = new();
            list.Ports.Add(service.Select(port => new Wire.Port { ServicePort = (uint)port.Port, TargetPort = (uint)port.Target }));
            workload.Services[$"bench/{service.Key}.bench.svc.cluster.local"] = list;
        }

        return workload;
    }

    /// <summary>What the ztunnels are told, with a name in it that they were not told before: whether the service has its waypoint.</summary>
    public Task TellAsync(string marker, bool isThroughWaypoint) => Pair.ReplaceModelAsync(
        (isThroughWaypoint ? Model() : Model().Replace(Through, "", StringComparison.Ordinal)).Replace("services:\n", $"services:\n- {{name: marker, namespace: bench, hostname: {marker}, vips: [\"/10.96.0.77\"], ports: {{1: 1}} }}\n", StringComparison.Ordinal),
        marker,
        Pair.Client);

    private string Through => $$""", waypoint: {destination: "/{{Pair.Stranger.Address}}", hboneMtlsPort: 15008}""";

    private string Model() => $$"""
        services:
        - {name: cart, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{MeshPair.Service.Address}}"], ports: {9000: 9001, 9100: 9100, 9200: 9003}{{Through}} }
        policies: []
        workloads:
        - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{Pair.Client.Address}}"], protocol: HBONE, services: {} }
        - {uid: c//Pod/bench/waypoint, name: waypoint, namespace: bench, trustDomain: cluster.local, serviceAccount: waypoint, workloadIps: ["{{Pair.Stranger.Address}}"], protocol: HBONE, services: {} }
        - {uid: c//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{Pair.Server.Address}}"], protocol: HBONE, services: {"bench/cart.bench.svc.cluster.local": {9000: 9001, 9100: 9100, 9200: 9003} } }
        """;
}
