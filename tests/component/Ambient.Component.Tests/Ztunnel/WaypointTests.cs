using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>Destinations that are reached through somebody else: a waypoint, or a gateway of another network. That somebody is Node's http2.</summary>
public sealed class WaypointTests
{
    private static string Script => Path.Combine(AppContext.BaseDirectory, "Interop", "connect.js");

    [RequiresRootTheory("nft, node")]
    [InlineData("service by address")]
    [InlineData("service by hostname")]
    [InlineData("service by workload hostname")]
    [InlineData("workload by address")]
    [Trait("behaviour", "ZT-278")]
    [Trait("behaviour", "ZT-279")]
    [Trait("behaviour", "ZT-280")]
    [Trait("behaviour", "ZT-281")]
    public async Task Waypoint_GetsWhatIsMeantForItsService(string kind)
    {
        await using MeshPair mesh = await MeshPair.StartOneSidedAsync(client: true);
        await mesh.ReplaceModelAsync(Model(mesh, kind), "waypoint.bench", mesh.Client);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        Peer waypoint = await StartAsync(mesh, "waypoint", mesh.ServerAddress.ToString());
        IPEndPoint target = kind.StartsWith("service", StringComparison.Ordinal) ? MeshPair.Service : mesh.ServerAddress;

        using Socket client = MeshPair.Connect(mesh.Client, target);
        await EchoServer.ExchangeAsync(client, 1);

        Assert.Contains($"CONNECT {target} from URI:spiffe://cluster.local/ns/bench/sa/client", await waypoint.LineAsync("CONNECT"), StringComparison.Ordinal);
        string line = await mesh.ClientProxy.LineAsync("connection complete");
        Assert.Contains($"dst.addr={mesh.Stranger.Address}:15008", line, StringComparison.Ordinal);
        Assert.Contains($"dst.hbone_addr={target}", line, StringComparison.Ordinal);
        Assert.Contains("dst.workload=\"waypoint\"", line, StringComparison.Ordinal);
        Assert.Contains("dst.identity=\"spiffe://cluster.local/ns/bench/sa/waypoint\"", line, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft, node", root: true)]
    public async Task WaypointWithAForeignIdentity_IsNotUsed_NorIsItPassedBy()
    {
        await using MeshPair mesh = await MeshPair.StartOneSidedAsync(client: true);
        await mesh.ReplaceModelAsync(Model(mesh, "service by address"), "waypoint.bench", mesh.Client);
        using Socket application = MeshPair.Listen(mesh.Server);
        await StartAsync(mesh, "impostor", mesh.ServerAddress.ToString());

        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        AssertEnded(client);
        Assert.Contains("spiffe://cluster.local/ns/bench/sa/impostor", await mesh.ClientProxy.LineAsync("error="), StringComparison.Ordinal);
        Assert.False(application.Poll(0, SelectMode.SelectRead), "the application was reached without the waypoint");
    }

    [RequiresToolFact("nft", root: true)]
    public async Task WaypointThatNobodyKnows_IsAnError_NotABypass()
    {
        await using MeshPair mesh = await MeshPair.StartOneSidedAsync(client: true);
        await mesh.ReplaceModelAsync(Model(mesh, "service by address").Replace(mesh.Stranger.Address.ToString(), "10.250.0.1", StringComparison.Ordinal), "10.250.0.1", mesh.Client);
        using Socket application = MeshPair.Listen(mesh.Server);

        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        AssertEnded(client);
        Assert.NotEmpty(await mesh.ClientProxy.LineAsync("error="));
        Assert.False(application.Poll(0, SelectMode.SelectRead), "the application was reached without the waypoint");
    }

    [RequiresToolFact("nft, node", root: true)]
    [Trait("behaviour", "ZT-282")]
    public async Task OtherNetwork_IsReachedThroughItsGateway_WithTheEndsIdentities()
    {
        await using MeshPair mesh = await MeshPair.StartSidesAsync([], [("NETWORK", "far")]);
        await mesh.ReplaceModelAsync(
            $$"""
            services:
            - {name: remote, namespace: bench, hostname: remote.bench.svc.cluster.local, vips: ["/10.96.0.77", "far/10.96.0.77"], ports: {9000: 9000}, subjectAltNames: ["spiffe://cluster.local/ns/bench/sa/server"]}
            policies: []
            workloads:
            - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{mesh.Client.Address}}"], protocol: HBONE, services: {} }
            - {uid: c//Pod/bench/gateway, name: gateway, namespace: bench, trustDomain: cluster.local, serviceAccount: gateway, workloadIps: ["{{mesh.Stranger.Address}}"], protocol: HBONE, services: {} }
            - {uid: d//Pod/bench/server, name: server, namespace: bench, network: far, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{mesh.Server.Address}}"], protocol: HBONE, services: {"bench/remote.bench.svc.cluster.local": {9000: 9000} }, networkGateway: {destination: "/{{mesh.Stranger.Address}}", hboneMtlsPort: 15008} }
            """,
            "remote.bench",
            mesh.Client,
            mesh.Server);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        Peer gateway = await StartAsync(mesh, "gateway", $"{mesh.Server.Address}:15008");

        using Socket client = MeshPair.Connect(mesh.Client, new IPEndPoint(IPAddress.Parse("10.96.0.77"), 9000));
        await EchoServer.ExchangeAsync(client, 1);

        Assert.Contains("CONNECT remote.bench.svc.cluster.local:9000 from URI:spiffe://cluster.local/ns/bench/sa/client network undefined", await gateway.LineAsync("CONNECT"), StringComparison.Ordinal);
        string outbound = await mesh.ClientProxy.LineAsync("connection complete");
        Assert.Contains("dst.hbone_addr=remote.bench.svc.cluster.local:9000", outbound, StringComparison.Ordinal);
        Assert.Contains("dst.identity=\"spiffe://cluster.local/ns/bench/sa/server\"", outbound, StringComparison.Ordinal);
        Assert.Contains("bytes_sent=1048576 bytes_recv=1048576", outbound, StringComparison.Ordinal);
        string inbound = await mesh.ServerProxy.LineAsync("connection complete");
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"", inbound, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-289")]
    public async Task OwnPorts_LeadNowhere()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        foreach (IPAddress address in new[] { mesh.Client.Address, IPAddress.Loopback })
        {
            foreach (int port in new[] { 15001, 15006, 15008 })
            {
                using Socket socket = MeshPair.Connect(mesh.Client, new IPEndPoint(address, port));
                AssertEnded(socket, "GET / HTTP/1.1\r\n\r\n"u8);
            }
        }

        // The proxy still works.
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        await EchoServer.ExchangeAsync(client, 1);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task Plaintext_On15008_IsNoTunnel()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket application = MeshPair.Listen(mesh.Server);
        foreach (byte[] bytes in new[] { "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), new byte[4096] })
        {
            using Socket stranger = MeshPair.Connect(mesh.Stranger, new IPEndPoint(mesh.Server.Address, 15008));
            AssertEnded(stranger, bytes);
        }

        Assert.Contains("tls handshake error", await mesh.ServerProxy.LineAsync("connection failed"), StringComparison.Ordinal);
        Assert.False(application.Poll(0, SelectMode.SelectRead), "the application was reached");
    }

    private static Task<Peer> StartAsync(MeshPair mesh, string account, string target)
    {
        ForeignIdentity identity = ForeignIdentity.Issue(mesh.Authority, Path.Combine(mesh.Network.Directory, "foreign-" + account), account);
        return mesh.Network.Start(mesh.Stranger, account, "node", Script, "server", mesh.Stranger.Address.ToString(), "15008", identity.Directory, target).ReadyOnLineAsync("LISTENING");
    }

    private static string Model(MeshPair mesh, string kind)
    {
        string reference = kind switch
        {
            "service by hostname" => "bench/waypoint.bench.svc.cluster.local",
            "service by workload hostname" => "bench/waypoint.example.com",
            _ => "/" + mesh.Stranger.Address,
        };
        string waypoint = $$""", waypoint: {destination: "{{reference}}", hboneMtlsPort: 15008}""";
        bool isService = kind.StartsWith("service", StringComparison.Ordinal);
        return $$"""
            services:
            - {name: cart, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{MeshPair.Service.Address}}"], ports: {9000: 9000}{{(isService ? waypoint : "")}} }
            - {name: waypoint, namespace: bench, hostname: waypoint.bench.svc.cluster.local, vips: ["/10.96.0.99"], ports: {15008: 15008} }
            policies: []
            workloads:
            - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{mesh.Client.Address}}"], protocol: HBONE, services: {} }
            - {uid: c//Pod/bench/waypoint, name: waypoint, namespace: bench, hostname: waypoint.example.com, trustDomain: cluster.local, serviceAccount: waypoint, workloadIps: ["{{mesh.Stranger.Address}}"], protocol: HBONE, services: {"bench/waypoint.bench.svc.cluster.local": {15008: 15008} } }
            - {uid: c//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{mesh.Server.Address}}"], protocol: HBONE, services: {"bench/cart.bench.svc.cluster.local": {9000: 9000} }{{(isService ? "" : waypoint)}} }
            """;
    }

    private static void AssertEnded(Socket socket, ReadOnlySpan<byte> question = default)
    {
        try
        {
            socket.Send(question);
            byte[] rest = new byte[4096];
            while (socket.Receive(rest) > 0)
            {
                // An alert may come before the end.
            }
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }
}
