using Ambient.Protocol.L7;
using Ambient.Testing.Networks;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;
using Google.Protobuf;
using Wire = Ambient.Protocol.Istio.Workload;

namespace Ambient.Component.Tests.Waypoints.Edges;

/// <summary>A gateway without a control plane: a client outside, the gateway, and endpoints outside the mesh on one server.</summary>
internal sealed class EdgeGateway : IAsyncDisposable
{
    public const int Http = 80;
    public const int Https = 443;
    public const int Tcp = 5432;

    private readonly string _configuration;

    private EdgeGateway()
    {
        Client = Network.AddPod("client");
        Gateway = Network.AddPod("gateway");
        Server = Network.AddPod("server");
        _configuration = Path.Combine(Network.Directory, "waypoint.bin");
    }

    public TestNetwork Network { get; } = new();

    public VirtualPod Client { get; }

    public VirtualPod Gateway { get; }

    public VirtualPod Server { get; }

    public Peer Process { get; private set; } = null!;

    /// <summary>What is in force; changes are put in force by <see cref="Configure"/>.</summary>
    public WaypointBundle Bundle { get; } = new() { Settings = new WaypointSettings { LogsAccess = true } };

    public static async Task<EdgeGateway> StartAsync(Action<EdgeGateway> prepare, params (string Name, string Value)[] settings)
    {
        EdgeGateway gateway = new();
        try
        {
            gateway.AddServices();
            prepare(gateway);
            gateway.Configure();
            Dictionary<string, string> environment = new(StringComparer.Ordinal)
            {
                ["POD_NAMESPACE"] = "bench",
                ["SERVICE_ACCOUNT"] = "gateway",
                ["WAYPOINT_CONFIG_FILE"] = gateway._configuration,
                ["FAKE_CA_DIRECTORY"] = Path.Combine(gateway.Network.Directory, "authority"),
                ["TERMINATION_DRAIN_SECONDS"] = "5",
            };
            foreach ((string name, string value) in settings)
            {
                environment[name] = value;
            }

            gateway.Process = gateway.Network.Start(new ProcessPlan("waypoint", Path.Combine(AppContext.BaseDirectory, "waypoint"))
            {
                NamespaceName = gateway.Gateway.NamespaceName,
                LogPath = Path.Combine(gateway.Network.Directory, "waypoint.log"),
                Environment = environment,
            });
            await gateway.Process.LineAsync("waypoint is running");
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes the configuration; the gateway watches the file.</summary>
    public void Configure()
    {
        File.WriteAllBytes(_configuration + ".new", Bundle.ToByteArray());
        File.Move(_configuration + ".new", _configuration, overwrite: true);
    }

    /// <summary>Adds routes: everything goes to a service.</summary>
    public void Route(string name, int port, string service, PortProtocol protocol = PortProtocol.Http)
    {
        WeightedTarget target = new() { Weight = 1, Destination = new Destination { Namespace = "bench", Hostname = $"{service}.bench.svc.cluster.local", Port = 9000 } };
        PortRoutes routes = new() { Port = (uint)port, Protocol = protocol };
        if (protocol == PortProtocol.Http)
        {
            routes.Http.Add(new HttpRoute { Name = name, Match = new HttpMatch() });
            routes.HttpActions.Add(new HttpAction { Targets = { target } });
        }
        else
        {
            routes.Tcp.Add(new TcpRoute { Name = name, Targets = { target } });
        }

        Bundle.Routes.Add(new ServiceRoutes { Namespace = "bench", Hostname = name, Ports = { routes } });
    }

    public EdgePort Port(int number, EdgeProtocol protocol, params EdgeListener[] listeners)
    {
        EdgePort port = new() { Port = (uint)number, Protocol = protocol, Namespace = "bench", Listeners = { listeners } };
        Bundle.Edges.Add(port);
        return port;
    }

    public EdgeCredential Credential(string name, (string Chain, string Key) certificate)
    {
        EdgeCredential credential = new() { Name = name, Chain = ByteString.CopyFromUtf8(certificate.Chain), Key = ByteString.CopyFromUtf8(certificate.Key) };
        Bundle.Credentials.Add(credential);
        return credential;
    }

    /// <summary>A listener that ends TLS; its hosts are those of the listener.</summary>
    public static EdgeListener Terminating(string host, string credential, string routes) => new()
    {
        Name = host,
        Hostnames = { host },
        Tls = new EdgeTls { Credentials = { credential } },
        Hosts = { new EdgeHost { Hostname = host, Routes = routes } },
    };

    /// <summary>Writes a file for programs of the test.</summary>
    public string Save(string name, string text)
    {
        string path = Path.Combine(Network.Directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Runs curl for a host at the gateway; its exit code and everything that it said.</summary>
    public async Task<(int Code, string Output)> CurlAsync(string url, params string[] arguments)
    {
        string host = new Uri(url).Host;
        int port = new Uri(url).Port;
        CommandResult result = await Network.TryRunAsync(Client, "curl", ["-sSi", "--max-time", "15", "--resolve", $"{host}:{port}:{Gateway.Address}", .. arguments, url]);
        return (result.ExitCode, result.Text);
    }

    public ValueTask DisposeAsync() => Network.DisposeAsync();

    private void AddServices()
    {
        Wire.Workload workload = new() { Uid = "c//Pod/bench/server", Name = "server", Namespace = "bench", TrustDomain = "cluster.local", ServiceAccount = "server", Addresses = { ByteString.CopyFrom(Server.Address.GetAddressBytes()) } };
        foreach ((string name, int index) in new[] { "v1", "v2", "raw" }.Select((name, index) => (name, index)))
        {
            Wire.Service service = new() { Name = name, Namespace = "bench", Hostname = $"{name}.bench.svc.cluster.local" };
            service.Addresses.Add(new Wire.NetworkAddress { Address = ByteString.CopyFrom(10, 96, 0, (byte)(11 + index)) });
            service.Ports.Add(new Wire.Port { ServicePort = 9000, TargetPort = (uint)(9001 + index) });
            Bundle.Addresses.Add(new Wire.Address { Service = service });
            workload.Services[$"bench/{service.Hostname}"] = new Wire.PortList { Ports = { new Wire.Port { ServicePort = 9000, TargetPort = (uint)(9001 + index) } } };
        }

        Bundle.Addresses.Add(new Wire.Address { Workload = workload });
    }
}
