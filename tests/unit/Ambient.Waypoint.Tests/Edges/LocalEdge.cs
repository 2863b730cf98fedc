using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.EventLoop;
using Ambient.Identity.Certificates;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Protocol.L7;
using Ambient.Routing.Routes;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Testing.Clocks;
using Ambient.Tls.Handshakes;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Edges;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Export;
using Ambient.Waypoint.Settings;
using Ambient.Waypoint.Tunnels;
using Google.Protobuf;
using SocketAddress = Ambient.Linux.Sockets.SocketAddress;

namespace Ambient.Waypoint.Tests.Edges;

/// <summary>One loop with a port for clients outside the mesh, whose clients are sockets of the test; its clock is the test's.</summary>
internal sealed class LocalEdge : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly EventLoop.EventLoop _loop;
    private readonly LogHub _logs = LogHub.Discarding();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<Socket> _clients = [];
    private readonly WaypointShared _shared;

    public LocalEdge(int maxClients)
    {
        _loop = new EventLoop.EventLoop("edge", new EventLoopOptions { TimeProvider = _time });
        MetricRegistry metrics = new();
        WaypointOptions options = new() { Identity = new SpiffeId("cluster.local", "bench", "gateway"), MaxClients = maxClients, Threads = 1 };
        Logger log = _logs.For("waypoint");
        _shared = new WaypointShared
        {
            Options = options,
            Mesh = new MeshState(),
            Clock = _time,
            Metrics = new RequestMetrics(metrics),
            Exporters = new Exporters(options, metrics, log, _time),
            Log = log,
        };
        Loop = new WaypointLoop(_loop, 0, _shared);
        _listener.Start();
        _loop.RunOnce(0);
    }

    public WaypointLoop Loop { get; }

    /// <summary>A port whose listeners end TLS, by host; those that are told want certificates of clients.</summary>
    public static EdgePortTable Port(params (string Host, bool WantsClients)[] listeners)
    {
        using X509Certificate2 made = Certificate("CN=edge");
        return Port(made, tolerates: false, listeners);
    }

    /// <summary>The same with a certificate, which is that of the authority of clients too.</summary>
    public static EdgePortTable Port(X509Certificate2 made, bool tolerates, params (string Host, bool WantsClients)[] listeners) => Port(made, tolerates, [], listeners);

    /// <summary>The same with cipher suites of TLS 1.2.</summary>
    public static EdgePortTable Port(X509Certificate2 made, bool tolerates, string[] ciphers, params (string Host, bool WantsClients)[] listeners)
    {
        using ECDsa key = made.GetECDsaPrivateKey()!;
        ByteString chain = ByteString.CopyFromUtf8(made.ExportCertificatePem() + "\n");
        EdgeCredential credential = new() { Name = "edge", Chain = chain, Key = ByteString.CopyFromUtf8(key.ExportPkcs8PrivateKeyPem()), Authorities = chain };
        EdgePort port = new() { Port = 443, Protocol = EdgeProtocol.EdgeTls, Namespace = "bench" };
        foreach ((string host, bool wantsClients) in listeners)
        {
            EdgeTls tls = new() { Credentials = { "edge" }, ToleratesBadClients = tolerates, Check = wantsClients ? ClientCheck.CheckRequired : ClientCheck.CheckNone, Ciphers = { ciphers } };
            port.Listeners.Add(new EdgeListener { Name = host, Hostnames = { host }, Tls = tls, Hosts = { new EdgeHost { Hostname = "*", Routes = "routes" } } });
        }

        EdgePortTable table = EdgeCompiler.Compile(port, new Dictionary<string, EdgeCredential>(StringComparer.Ordinal) { ["edge"] = credential }, null);
        Assert.All(table.All, static listener => Assert.Null(listener.Broken));
        return table;
    }

    /// <summary>A certificate that only its own key has signed.</summary>
    public static X509Certificate2 Certificate(string subject)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    /// <summary>A configuration with that port, whose routes answer 200 by themselves.</summary>
    public static WaypointConfiguration ConfigurationOf(EdgePortTable port, Fault? fault = null)
    {
        NamespacedHostname routes = new("bench", "routes");
        PortRoutes compiled = new() { Port = port.Port, Protocol = PortProtocol.Http, Http = { new HttpRoute { Name = "only", Match = new HttpMatch() } }, HttpActions = { new HttpAction { Response = new DirectResponse { Status = 200 }, Fault = fault } } };
        Assert.True(PortTable.TryCompile(compiled, out PortTable? table, out string? error), error);
        ServedPort served = EdgeSide.Nothing(PortProtocol.Http) with { Table = table, Service = routes };
        return WaypointConfiguration.Empty with
        {
            Services = ImmutableDictionary<NamespacedHostname, ServedService>.Empty.Add(routes, new ServedService([served])),
            Edges = ImmutableDictionary<uint, EdgePortTable>.Empty.Add(port.Port, port),
        };
    }

    /// <summary>Puts a port in force.</summary>
    public void Configure(EdgePortTable port, WaypointSettings? settings = null, Fault? fault = null) => _shared.Configuration = ConfigurationOf(port, fault) with { Settings = settings ?? new WaypointSettings() };

    /// <summary>The gateway's certificate of the mesh.</summary>
    public void Certify(WorkloadCertificate certificate) => _shared.Tls = TlsContext.Create(certificate, new TlsSettings());

    /// <summary>A client's connection to the port.</summary>
    public Socket Connect(EdgePortTable port)
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _clients.Add(client);
        client.Connect(_listener.LocalEndpoint);
        int accepted = (int)SocketIo.Accept((int)_listener.Server.Handle, out SocketAddress peer).OrThrow("accept", "connection");
        EdgeConnection.Begin(Loop, accepted, peer, port);
        return client;
    }

    /// <summary>Runs the loop until something is so.</summary>
    public void RunUntil(Func<bool> isSo)
    {
        long deadline = Environment.TickCount64 + 20_000;
        while (!isSo())
        {
            Assert.True(Environment.TickCount64 < deadline, "it did not happen");
            _loop.RunOnce(10);
        }
    }

    /// <summary>Time passes.</summary>
    public void Pass(int seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _loop.RunOnce(0);
        _loop.RunOnce(0);
    }

    public void Dispose()
    {
        _clients.ForEach(static client => client.Dispose());
        _listener.Dispose();
        _loop.Dispose();
        _logs.Dispose();
    }
}
