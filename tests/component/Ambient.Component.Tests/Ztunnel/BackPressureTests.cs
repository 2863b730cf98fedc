using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>A receiver that does not read stops its sender; what lies between them is bounded, and nothing of it is lost.</summary>
public sealed class BackPressureTests
{
    private const int Connections = 8;
    private const int MaxInFlight = 48 << 20;
    private const int MaxMemory = 64 << 20;
    private const int Chunk = 256 << 10;

    [RequiresRootTheory("nft")]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("behaviour", "ZT-296")]
    public async Task StalledReaders_StopTheirSenders_InBoundedMemory_AndLoseNothing(bool clientSends)
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using EchoServer echo = EchoServer.Start(mesh.Server, 9001);
        var other = new System.Net.IPEndPoint(mesh.Server.Address, 9001);
        Assert.True(AppTalk.TryAsk(mesh.Client, other));
        long[] before = [ProcessMemory.ResidentBytes(mesh.ClientProxy), ProcessMemory.ResidentBytes(mesh.ServerProxy)];
        var pairs = new List<(Socket Sender, Socket Receiver)>();
        for (int i = 0; i < Connections; i++)
        {
            Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
            Socket server = await MeshPair.AcceptAsync(listener);
            pairs.Add(clientSends ? (client, server) : (server, client));
        }

        // A send that waits this long is stopped; a busy machine makes it stop too early, never too late.
        pairs.ForEach(p => p.Sender.SendTimeout = 700);
        long[] sent = await Task.WhenAll(pairs.Select(p => Task.Run(() => SendUntilStopped(p.Sender))));
        Assert.All(sent, bytes => Assert.InRange(bytes, 1, MaxInFlight - 1));
        long[] during = [ProcessMemory.ResidentBytes(mesh.ClientProxy), ProcessMemory.ResidentBytes(mesh.ServerProxy)];
        Assert.All(before.Zip(during), pair => Assert.True(pair.Second - pair.First < MaxMemory, $"resident memory went from {pair.First >> 20} to {pair.Second >> 20} MB for {sent.Sum() >> 20} MB on their way"));

        // The tunnel is not stalled: others on it are served.
        for (int i = 0; i < 10; i++)
        {
            Assert.True(AppTalk.TryAsk(mesh.Client, other));
        }

        foreach ((Socket sender, _) in pairs)
        {
            sender.Shutdown(SocketShutdown.Send);
        }

        long[] received = await Task.WhenAll(pairs.Select(p => Task.Run(() => ReceiveAll(p.Receiver))));
        Assert.Equal(sent, received);
        pairs.ForEach(p =>
        {
            p.Sender.Dispose();
            p.Receiver.Dispose();
        });
    }

    [RequiresToolFact("nft", root: true)]
    public async Task SlowReader_GetsEverythingInOrder_WhileTheSenderWaits()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        const int total = 96 << 20;
        long sent = 0;
        Task sending = Task.Run(() =>
        {
            byte[] buffer = new byte[Chunk];
            while (sent < total)
            {
                Fill(buffer, sent);
                client.Send(buffer);
                Interlocked.Add(ref sent, buffer.Length);
            }

            client.Shutdown(SocketShutdown.Send);
        });
        byte[] got = new byte[Chunk];
        long most = 0;
        long received = 0;
        for (int n; (n = server.Receive(got)) > 0; received += n)
        {
            most = Math.Max(most, Interlocked.Read(ref sent) - received);
            AssertContent(got.AsSpan(0, n), received);
        }

        await sending;
        Assert.Equal(total, received);
        Assert.InRange(most, 1, MaxInFlight);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-138")]
    public async Task SmallReads_LoseNothing_AndAfterALostTunnelTheRestIsReadBeforeTheError()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        byte[] sent = new byte[3000];
        Fill(sent, 0);
        Assert.Equal(sent.Length, client.Send(sent));
        int at = 0;
        byte[] piece = new byte[3];
        for (int size = 1; at < sent.Length / 2; size = 4 - size)
        {
            int n = server.Receive(piece, size, SocketFlags.None);
            AssertContent(piece.AsSpan(0, n), at);
            at += n;
        }

        // All of it has come; then the tunnel is lost.
        await Ambient.Testing.Waiting.Eventually.TrueAsync(() => server.Available == sent.Length - at);
        await mesh.ClientProxy.Process.KillAsync();
        await mesh.ServerProxy.LineAsync("connection complete");
        for (int size = 1; at < sent.Length; size = 4 - size)
        {
            int n = server.Receive(piece, size, SocketFlags.None);
            AssertContent(piece.AsSpan(0, n), at);
            at += n;
        }

        AppTalk.AssertReset(server);
    }

    private static long SendUntilStopped(Socket sender)
    {
        byte[] buffer = new byte[Chunk];
        long sent = 0;
        sender.Blocking = false;
        while (sent < MaxInFlight)
        {
            Fill(buffer, sent);
            int n = sender.Send(buffer, 0, buffer.Length, SocketFlags.None, out SocketError error);
            sent += Math.Max(0, n);
            if (error == SocketError.WouldBlock && !sender.Poll(TimeSpan.FromMilliseconds(sender.SendTimeout), SelectMode.SelectWrite))
            {
                break;
            }
        }

        sender.Blocking = true;
        return sent;
    }

    private static long ReceiveAll(Socket receiver)
    {
        byte[] buffer = new byte[Chunk];
        long received = 0;
        for (int n; (n = receiver.Receive(buffer)) > 0; received += n)
        {
            AssertContent(buffer.AsSpan(0, n), received);
        }

        return received;
    }

    // A pattern whose period is no power of two, so that a lost or doubled buffer shows.
    private static void Fill(Span<byte> buffer, long offset)
    {
        for (int i = 0; i < buffer.Length; i++)
        {
            buffer[i] = (byte)((offset + i) % 251);
        }
    }

    private static void AssertContent(ReadOnlySpan<byte> bytes, long offset)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != (byte)((offset + i) % 251))
            {
                Assert.Fail($"byte {offset + i} is {bytes[i]}");
            }
        }
    }
}
