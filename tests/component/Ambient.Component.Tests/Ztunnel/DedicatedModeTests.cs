using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.ControlPlane;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>The whole way of a byte between two pods' namespaces: capture, tunnel, policy, application, and how connections end.</summary>
public sealed class DedicatedModeTests
{
    private const int SignalTerminate = 15;
    private const string AllowNobody = "[{name: only-admin, namespace: bench, scope: WorkloadSelector, action: Allow, rules: [[[{principals: [!Exact cluster.local/ns/bench/sa/admin]}]]]}]";
    private const string OnlyAdmin = "[bench/only-admin]";

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-275")]
    [Trait("behaviour", "ZT-295")]
    public async Task Tunnel_CarriesBytesFromTheCallersAddress_AndBothSidesLogIt()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        Assert.Equal(mesh.Client.Address, ((IPEndPoint)server.RemoteEndPoint!).Address);

        Send(client, "hello world");
        Assert.Equal("hello world", Receive(server, 11));
        Send(server, "you said: hello world.");
        Assert.Equal("you said: hello world.", Receive(client, 22));
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, server.Receive(new byte[1]));
        server.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, client.Receive(new byte[1]));

        string outbound = await mesh.ClientProxy.LineAsync("connection complete");
        Assert.Contains("direction=\"outbound\"", outbound, StringComparison.Ordinal);
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"", outbound, StringComparison.Ordinal);
        Assert.Contains("dst.identity=\"spiffe://cluster.local/ns/bench/sa/server\"", outbound, StringComparison.Ordinal);
        string inbound = await mesh.ServerProxy.LineAsync("connection complete");
        Assert.Contains("direction=\"inbound\"", inbound, StringComparison.Ordinal);
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"", inbound, StringComparison.Ordinal);

        string metrics = await mesh.GetAsync(mesh.Client, 15020, "/metrics");
        Assert.Contains("istio_tcp_connections_opened_total{", metrics, StringComparison.Ordinal);
        Assert.NotEmpty(await mesh.GetAsync(mesh.Client, 15021, "/healthz/ready"));
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-294")]
    public async Task ClientThatEndsAtOnce_StillGetsTheAnswer()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, mesh.ServerAddress);
        client.Shutdown(SocketShutdown.Send);
        using Socket server = await MeshPair.AcceptAsync(listener);
        Assert.Equal(0, server.Receive(new byte[1]));
        Send(server, "answer");
        server.Shutdown(SocketShutdown.Send);
        Assert.Equal("answer", Receive(client, 6));
        Assert.Equal(0, client.Receive(new byte[1]));
    }

    [RequiresToolFact("nft", root: true)]
    public async Task Resets_StayResets_InBothDirections()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        foreach (bool byClient in (bool[])[true, false])
        {
            using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
            Send(client, "x");
            using Socket server = await MeshPair.AcceptAsync(listener);
            Assert.Equal("x", Receive(server, 1));
            Socket closer = byClient ? client : server;
            closer.LingerState = new LingerOption(enable: true, seconds: 0);
            closer.Close();
            AssertReset(byClient ? server : client);
        }
    }

    [RequiresToolFact("nft", root: true)]
    public async Task ManyMegabytes_ArriveWholeInBothDirections()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        byte[] sent = new byte[24 << 20];
        new Random(7).NextBytes(sent);
        foreach ((Socket from, Socket to) in ((Socket, Socket)[])[(client, server), (server, client)])
        {
            Task sending = Task.Run(() =>
            {
                from.Send(sent);
                from.Shutdown(SocketShutdown.Send);
            });
            byte[] got = new byte[sent.Length];
            int at = 0;
            for (int n = 1; at < got.Length && n > 0; at += n)
            {
                n = to.Receive(got, at, got.Length - at, SocketFlags.None);
            }

            await sending;
            Assert.Equal(sent.Length, at);
            Assert.Equal(0, to.Receive(new byte[1]));
            Assert.True(sent.AsSpan().SequenceEqual(got));
        }
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-277")]
    [Trait("behaviour", "ZT-295")]
    public async Task Stranger_ReachesTheServerInPlain_FromItsOwnAddress()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Stranger, mesh.ServerAddress);
        Send(client, "hello world");
        using Socket server = await MeshPair.AcceptAsync(listener);
        Assert.Equal(mesh.Stranger.Address, ((IPEndPoint)server.RemoteEndPoint!).Address);
        Assert.Equal("hello world", Receive(server, 11));
        server.Close();
        Assert.Equal(0, client.Receive(new byte[1]));
        client.Close();
        string inbound = await mesh.ServerProxy.LineAsync("connection complete");
        Assert.DoesNotContain("src.identity", inbound, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-276")]
    public async Task ServerOutsideTheMesh_IsReachedInPlain()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Stranger);
        using Socket client = MeshPair.Connect(mesh.Client, new IPEndPoint(mesh.Stranger.Address, MeshPair.Port));
        Send(client, "hello world");
        using Socket server = await MeshPair.AcceptAsync(listener);
        Assert.Equal("hello world", Receive(server, 11));
        server.Close();
        Assert.Equal(0, client.Receive(new byte[1]));
        client.Close();
        string outbound = await mesh.ClientProxy.LineAsync("connection complete");
        Assert.DoesNotContain("dst.identity", outbound, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-287")]
    public async Task Policy_RefusesTunnelsAndStrangers_WithItsReasonInTheLog()
    {
        await using MeshPair mesh = await MeshPair.StartAsync(AllowNobody, OnlyAdmin);
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        AssertReset(client);
        using Socket stranger = MeshPair.Connect(mesh.Stranger, mesh.ServerAddress);
        AssertReset(stranger);
        await Eventually.TrueAsync(() => mesh.ServerProxy.Log.Split("error=\"connection closed due to policy rejection: allow policies exist, but none allowed\"").Length == 3);
        await mesh.ClientProxy.LineAsync("401");
        Assert.False(listener.Poll(0, SelectMode.SelectRead), "the application must not see a refused connection");
    }

    [RequiresToolFact("nft", root: true)]
    public async Task WithoutTheProxy_OnlyNamesAreServed_AndItStillEndsInOrder()
    {
        await using MeshPair mesh = await MeshPair.StartSidesAsync(client: [("ENABLE_PROXY", "false"), ("ISTIO_META_DNS_CAPTURE", "true")], server: []);
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => MeshPair.Connect(mesh.Client, MeshPair.Service)).SocketErrorCode);
        await mesh.ClientProxy.LineAsync("component=\"dns\"");
        Assert.DoesNotContain("component=\"outbound\"", mesh.ClientProxy.Log, StringComparison.Ordinal);

        mesh.ClientProxy.Process.Signal(15);
        await mesh.ClientProxy.Process.Exited.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
        Assert.Equal(0, mesh.ClientProxy.Process.ExitCode);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task PolicyThatArrivesLater_EndsLivingConnections()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        using Socket stranger = MeshPair.Connect(mesh.Stranger, mesh.ServerAddress);
        using Socket plain = await MeshPair.AcceptAsync(listener);
        Send(client, "x");
        Assert.Equal("x", Receive(server, 1));

        mesh.WriteModel(AllowNobody, OnlyAdmin);
        AssertReset(client);
        AssertReset(server);
        AssertReset(stranger);
        AssertReset(plain);
        await mesh.ServerProxy.LineAsync("connection closed due to policy change");
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-270")]
    [Trait("behaviour", "ZT-271")]
    [Trait("behaviour", "ZT-285")]
    public async Task Terminate_ClosesThePortsAtOnce_AndWaitsForTheLivingConnection()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        mesh.ClientProxy.Process.Signal(SignalTerminate);
        await mesh.ClientProxy.LineAsync("shutting down");
        await Eventually.TrueAsync(() => IsRefused(mesh));

        Send(client, "ping");
        Assert.Equal("ping", Receive(server, 4));
        Send(server, "pong");
        Assert.Equal("pong", Receive(client, 4));
        Assert.False(mesh.ClientProxy.Process.HasExited);

        client.Close();
        Assert.Equal(0, server.Receive(new byte[1]));
        server.Close();
        await mesh.ClientProxy.Process.Exited.WaitAsync(TimeSpan.FromSeconds(4), TimeProvider.System);
        Assert.Equal(0, mesh.ClientProxy.Process.ExitCode);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task ControlPlaneOutsideThePod_IsReachedPastTheOwnCapture()
    {
        // The proxy runs inside its own capture: unmarked, its connections would come back to it before it serves anybody.
        await using var discovery = new ScriptedDiscovery { IsElsewhere = true };
        await using MeshPair mesh = await MeshPair.StartAsync(discovery.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        await discovery.AcceptAsync();
        Assert.True(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        await mesh.ClientProxy.LineAsync("connection complete");
        Assert.DoesNotContain($"{mesh.Stranger.Address}:15012", string.Join('\n', mesh.ClientProxy.Log.Split('\n').Where(static l => l.Contains("direction=", StringComparison.Ordinal))), StringComparison.Ordinal);
    }

    private static bool IsRefused(MeshPair mesh)
    {
        try
        {
            MeshPair.Connect(mesh.Client, MeshPair.Service).Dispose();
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }

    private static void AssertReset(Socket socket)
    {
        SocketException error = Assert.Throws<SocketException>(() => socket.Receive(new byte[1]));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    private static void Send(Socket socket, string text) => Assert.Equal(text.Length, socket.Send(Encoding.ASCII.GetBytes(text)));

    private static string Receive(Socket socket, int length)
    {
        byte[] buffer = new byte[length];
        int at = 0;
        while (at < length)
        {
            int n = socket.Receive(buffer, at, length - at, SocketFlags.None);
            if (n == 0)
            {
                break;
            }

            at += n;
        }

        return Encoding.ASCII.GetString(buffer, 0, at);
    }
}
