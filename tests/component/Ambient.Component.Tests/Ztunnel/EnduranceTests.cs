using System.Globalization;
using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>What a proxy meets in a long life: no descriptors left, and very many connections that come and go.</summary>
public sealed class EnduranceTests
{
    private const int Connections = 100_000;
    private const int Parallel = 24;
    private const int Crowd = 4000;

    private static string Script => Path.Combine(AppContext.BaseDirectory, "Interop", "crowd.js");

    [RequiresToolFact("nft, prlimit", root: true)]
    public async Task DescriptorsRunOut_ServiceRecoversWhenTheyAreBack()
    {
        // Enough to start with, and for a few dozen connections.
        await using MeshPair mesh = await MeshPair.StartLimitedAsync(descriptors: 160);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        int process = mesh.ServerProxy.Process.Id;
        List<Socket> held = [];
        try
        {
            for (int i = 0; i < 300; i++)
            {
                Socket socket = MeshPair.Connect(mesh.Client, MeshPair.Service);
                held.Add(socket);
                TrySend(socket);
            }

            await Eventually.TrueAsync(() => held.Exists(HasEnded));
            Assert.Contains(held, s => !HasEnded(s));
        }
        finally
        {
            held.ForEach(s => s.Dispose());
        }

        await Eventually.TrueAsync(() => TryExchangeAsync(mesh));
        Assert.False(mesh.ServerProxy.Process.HasExited);
        Assert.Equal(process, mesh.ServerProxy.Process.Id);
    }

    [RequiresToolFact("nft, prlimit", root: true)]
    public async Task MoreCallersThanDescriptors_TheyWait_AndAreServedInTurn()
    {
        await using MeshPair mesh = await MeshPair.StartAsync(new MeshPlan { ClientDescriptors = 160 });
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        List<Socket> held = [.. Enumerable.Range(0, 200).Select(_ => MeshPair.Connect(mesh.Client, MeshPair.Service))];
        try
        {
            await mesh.ClientProxy.LineAsync("new connections wait");

            // Nobody is refused: what the tunnel and its certificate need was kept. Who is served makes room for others.
            await Task.WhenAll(held.Select(SpeakAndCloseAsync));
        }
        finally
        {
            held.ForEach(s => s.Dispose());
        }
    }

    [RequiresToolFact("nft", root: true)]
    public async Task HundredThousandConnections_LeaveTheMemoryAsItWas()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);

        // The first fifth fills pools and caches and lets the compiler finish.
        await ChurnAsync(mesh, Connections / 5);
        long[] before = [ProcessMemory.ResidentBytes(mesh.ClientProxy), ProcessMemory.ResidentBytes(mesh.ServerProxy)];
        await ChurnAsync(mesh, Connections * 4 / 5);
        long[] after = [ProcessMemory.ResidentBytes(mesh.ClientProxy), ProcessMemory.ResidentBytes(mesh.ServerProxy)];

        const long allowed = 24 << 20;
        Assert.All(before.Zip(after), pair => Assert.True(pair.Second - pair.First < allowed, $"resident memory went from {pair.First >> 20} to {pair.Second >> 20} MB over {Connections} connections"));
        string metrics = await mesh.GetAsync(mesh.Client, 15020, "/metrics");
        Assert.Contains("istio_tcp_sockets_open{reporter=\"source\"} 0", metrics, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft, node", root: true)]
    public async Task ThousandsOfConnectionsAtOnce_AreAllServedSideBySide()
    {
        // Both ends are programs of their own: so many descriptors are not for the process that runs all tests.
        await using MeshPair mesh = await MeshPair.StartAsync();
        await mesh.Network.Start(mesh.Server, "crowd-server", "node", Script, "server", "0", "9000").ReadyOnLineAsync("LISTENING");
        Peer crowd = mesh.Network.Start(mesh.Client, "crowd", "node", Script, Crowd.ToString(CultureInfo.InvariantCulture), MeshPair.Service.Address.ToString(), "9000");

        // All are open before the first one asks, and each hears its own number.
        await crowd.LineAsync($"ALL {Crowd} OPEN");
        await crowd.LineAsync($"ALL {Crowd} ANSWERED");
        string metrics = await mesh.GetAsync(mesh.Client, 15020, "/metrics");
        Assert.Contains($"istio_tcp_sockets_open{{reporter=\"source\"}} {Crowd}", metrics, StringComparison.Ordinal);
        await crowd.Process.KillAsync();
        await Eventually.TrueAsync(async () => (await mesh.GetAsync(mesh.Client, 15020, "/metrics")).Contains("istio_tcp_sockets_open{reporter=\"source\"} 0", StringComparison.Ordinal));
    }

    private static Task ChurnAsync(MeshPair mesh, int connections) => Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => Task.Run(() =>
    {
        byte[] one = new byte[1];
        for (int i = 0; i < connections / Parallel; i++)
        {
            // Closed by reset, so that no port waits for a minute.
            using Socket socket = MeshPair.Connect(mesh.Client, MeshPair.Service);
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Send("x"u8);
            Assert.Equal(1, socket.Receive(one));
        }
    })));

    private static async Task SpeakAndCloseAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await socket.SendAsync("x"u8.ToArray(), limit.Token);
        Assert.Equal(1, await socket.ReceiveAsync(new byte[1], limit.Token));
        socket.Dispose();
    }

    // The reset may be here already.
    private static void TrySend(Socket socket)
    {
        try
        {
            socket.Send("x"u8);
        }
        catch (SocketException)
        {
            // Refused.
        }
    }

    private static bool HasEnded(Socket socket) => socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0;

    private static async Task<bool> TryExchangeAsync(MeshPair mesh)
    {
        try
        {
            using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
            client.Send("x"u8);
            return await client.ReceiveAsync(new byte[1]) == 1;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
