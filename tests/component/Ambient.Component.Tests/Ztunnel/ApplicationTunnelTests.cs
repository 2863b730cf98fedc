using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>Servers that are proxies themselves: the PROXY protocol in front of their bytes, and a captured waypoint (ztunnel.md 3.8, 3.9).</summary>
public sealed class ApplicationTunnelTests
{
    private const int AppPort = 9100;

    [RequiresRootTheory("nft")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ProxyProtocol_TellsCallerTargetAndIdentity_BeforeTheFirstByte(bool loopback)
    {
        await using MeshPair mesh = await MeshPair.StartAsync(new MeshPlan { ServerSettings = [("LOCALHOST_APP_TUNNEL", loopback ? "true" : "false")] });
        await mesh.ReplaceModelAsync(Model(mesh, "applicationTunnel: {protocol: PROXY, port: 9100}", "[]"), "tunnelled", mesh.Client, mesh.Server);
        using Socket listener = MeshPair.Listen(mesh.Server, new IPEndPoint(loopback ? IPAddress.Loopback : IPAddress.Any, AppPort));
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        Assert.Equal(loopback ? IPAddress.Loopback : mesh.Client.Address, ((IPEndPoint)server.RemoteEndPoint!).Address);

        // Before the client has said a word: a server that speaks first must know to whom.
        byte[] head = Encoding.Latin1.GetBytes(HearLatin(server, 16));
        Assert.Equal("\r\n\r\n\0\r\nQUIT\n", Encoding.Latin1.GetString(head, 0, 12));
        Assert.Equal([0x21, 0x11], head[12..14]);
        byte[] rest = Encoding.Latin1.GetBytes(HearLatin(server, BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(14))));
        Assert.Equal(mesh.Client.Address, new IPAddress(rest.AsSpan(0, 4)));
        Assert.Equal(mesh.Server.Address, new IPAddress(rest.AsSpan(4, 4)));
        Assert.NotEqual(0, BinaryPrimitives.ReadUInt16BigEndian(rest.AsSpan(8)));
        Assert.Equal(MeshPair.Port, BinaryPrimitives.ReadUInt16BigEndian(rest.AsSpan(10)));
        Assert.Equal(0xD0, rest[12]);
        Assert.Equal("spiffe://cluster.local/ns/bench/sa/client", Encoding.ASCII.GetString(rest.AsSpan(15)));
        Assert.Equal(rest.Length - 15, BinaryPrimitives.ReadUInt16BigEndian(rest.AsSpan(13)));

        AppTalk.Say(client, "question");
        Assert.Equal("question", AppTalk.Hear(server, 8));
        AppTalk.Say(server, "answer");
        Assert.Equal("answer", AppTalk.Hear(client, 6));

        // Past the tunnel there is no header, and no other port.
        using Socket plain = MeshPair.Listen(mesh.Server);
        using Socket stranger = MeshPair.Connect(mesh.Stranger, mesh.ServerAddress);
        using Socket accepted = await MeshPair.AcceptAsync(plain);
        AppTalk.Say(stranger, "plain");
        Assert.Equal("plain", AppTalk.Hear(accepted, 5));
    }

    [RequiresToolFact("nft", root: true)]
    public async Task ProxyProtocol_PolicyIsAskedFirst_AboutTheApplicationsPort()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        const string deny = "[{name: closed, namespace: bench, scope: WorkloadSelector, action: Deny, rules: [[[{destinationPorts: [9100]}]]]}]";
        await mesh.ReplaceModelAsync(Model(mesh, "authorizationPolicies: [bench/closed], applicationTunnel: {protocol: PROXY, port: 9100}", deny), "tunnelled", mesh.Client, mesh.Server);
        using Socket listener = MeshPair.Listen(mesh.Server, new IPEndPoint(IPAddress.Loopback, AppPort));
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        AppTalk.AssertReset(client);
        await mesh.ServerProxy.LineAsync("explicitly denied by: bench/closed");
        Assert.False(listener.Poll(0, SelectMode.SelectRead), "the application must not see a refused connection");
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-283")]
    public async Task CapturedWaypoint_IsTheOnlyWayIn_AndItsOwnTrafficDoesNotLoop()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        await mesh.ReplaceModelAsync(WaypointModel(mesh), "sandwich", mesh.Client, mesh.Server);
        Peer waypoint = await mesh.ServeAsync(mesh.Stranger);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        using Forwarder forwarder = Forwarder.Start(mesh.Stranger, MeshPair.Port, mesh.ServerAddress);

        using (Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service))
        {
            await EchoServer.ExchangeAsync(client, 1);
        }

        Assert.Equal(1, forwarder.Connections);
        Assert.Contains("dst.workload=\"stranger\"", await mesh.ClientProxy.LineAsync("connection complete"), StringComparison.Ordinal);
        string through = await waypoint.LineAsync("direction=\"inbound\"");
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"", through, StringComparison.Ordinal);
        string inbound = await mesh.ServerProxy.LineAsync("connection complete");
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/stranger\"", inbound, StringComparison.Ordinal);
        Assert.DoesNotContain("error=", inbound, StringComparison.Ordinal);

        // Past the waypoint: to the pod itself, which has no waypoint of its own, with a true identity that is not the waypoint's.
        Assert.False(AppTalk.TryAsk(mesh.Client, mesh.ServerAddress));
        await mesh.ServerProxy.LineAsync("allow policies exist, but none allowed");
        Assert.Equal(1, forwarder.Connections);

        // And when the waypoint is gone, its place is not taken by a shorter way.
        await waypoint.Process.KillAsync();
        Assert.False(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        await Eventually.TrueAsync(() => mesh.ClientProxy.Process.LogLines().Count(l => l.Contains("error=", StringComparison.Ordinal)) >= 2);
    }

    private static string HearLatin(Socket socket, int length)
    {
        byte[] bytes = new byte[length];
        for (int at = 0, n = 1; at < length && n > 0; at += n)
        {
            n = socket.Receive(bytes, at, length - at, SocketFlags.None);
        }

        return Encoding.Latin1.GetString(bytes);
    }

    private static string Model(MeshPair mesh, string server, string policies) => $$"""
        services:
        - {name: tunnelled, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{MeshPair.Service.Address}}"], ports: {9000: 9000} }
        policies: {{policies}}
        workloads:
        - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{mesh.Client.Address}}"], protocol: HBONE, services: {} }
        - {uid: c//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{mesh.Server.Address}}"], protocol: HBONE, services: {"bench/cart.bench.svc.cluster.local": {9000: 9000} }, {{server}} }
        """;

    private static string WaypointModel(MeshPair mesh) => $$"""
        services:
        - {name: cart, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{MeshPair.Service.Address}}"], ports: {9000: 9000}, waypoint: {destination: "/{{mesh.Stranger.Address}}", hboneMtlsPort: 15008} }
        policies:
        - {name: only-waypoint, namespace: bench, scope: WorkloadSelector, action: Allow, rules: [[[{principals: [!Exact cluster.local/ns/bench/sa/stranger]}]]]}
        workloads:
        - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{mesh.Client.Address}}"], protocol: HBONE, services: {} }
        - {uid: c//Pod/bench/sandwich, name: stranger, namespace: bench, trustDomain: cluster.local, serviceAccount: stranger, workloadIps: ["{{mesh.Stranger.Address}}"], protocol: HBONE, services: {}, applicationTunnel: {protocol: NONE} }
        - {uid: c//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{mesh.Server.Address}}"], protocol: HBONE, authorizationPolicies: [bench/only-waypoint], services: {"bench/cart.bench.svc.cluster.local": {9000: 9000} } }
        """;
}
