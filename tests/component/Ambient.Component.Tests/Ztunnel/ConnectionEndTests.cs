using System.Net.Sockets;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>How connections end, whoever begins with it: an end stays an end, a reset stays a reset, through the tunnel and past it.</summary>
public sealed class ConnectionEndTests
{
    private const int Large = 6 << 20;

    [RequiresRootTheory("nft")]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task HalfClose_LeavesTheOtherDirectionOpen_ForAsLongAsItTakes(bool tunnelled, bool byClient)
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(Caller(mesh, tunnelled), mesh.ServerAddress);
        using Socket server = await MeshPair.AcceptAsync(listener);
        (Socket first, Socket second) = byClient ? (client, server) : (server, client);

        AppTalk.Say(first, "last words");
        first.Shutdown(SocketShutdown.Send);
        Assert.Equal("last words", AppTalk.Hear(second, 10));
        AppTalk.AssertEnd(second);

        // Everything after that flows in one direction only: more than any buffer on the way holds, and little by little.
        byte[] sent = new byte[Large];
        new Random(11).NextBytes(sent);
        Task sending = Task.Run(() => Assert.Equal(Large, second.Send(sent)));
        byte[] got = new byte[Large];
        for (int at = 0, n = 1; at < Large && n > 0; at += n)
        {
            n = first.Receive(got, at, Large - at, SocketFlags.None);
        }

        await sending;
        Assert.True(sent.AsSpan().SequenceEqual(got));
        AppTalk.Say(second, "goodbye");
        Assert.Equal("goodbye", AppTalk.Hear(first, 7));
        second.Shutdown(SocketShutdown.Send);
        AppTalk.AssertEnd(first);
        await Eventually.TrueAsync(() => mesh.ServerProxy.Log.Contains("connection complete", StringComparison.Ordinal));
        Assert.DoesNotContain("error=", mesh.ServerProxy.Log + mesh.ClientProxy.Log, StringComparison.Ordinal);
    }

    [RequiresRootTheory("nft")]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Reset_OfAHalfClosedConnection_IsAResetForTheOther(bool tunnelled, bool byClient)
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        foreach (bool closerEndedBefore in new[] { true, false })
        {
            using Socket client = MeshPair.Connect(Caller(mesh, tunnelled), mesh.ServerAddress);
            using Socket server = await MeshPair.AcceptAsync(listener);
            (Socket closer, Socket other) = byClient ? (client, server) : (server, client);
            if (closerEndedBefore)
            {
                closer.Shutdown(SocketShutdown.Send);
                AppTalk.AssertEnd(other);
                AppTalk.Reset(closer);
                await Eventually.TrueAsync(() => IsBrokenPipe(other));
            }
            else
            {
                other.Shutdown(SocketShutdown.Send);
                AppTalk.AssertEnd(closer);
                AppTalk.Reset(closer);
                AppTalk.AssertReset(other);
            }
        }
    }

    [RequiresRootTheory("nft")]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task CloseWithUnreadBytes_IsAReset_AsOnAPlainConnection(bool tunnelled, bool byClient)
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(Caller(mesh, tunnelled), mesh.ServerAddress);
        using Socket server = await MeshPair.AcceptAsync(listener);
        (Socket closer, Socket other) = byClient ? (client, server) : (server, client);
        AppTalk.Say(other, "nobody reads this");
        await Eventually.TrueAsync(() => closer.Available > 0);
        closer.Close();
        AppTalk.AssertReset(other);
    }

    [RequiresRootTheory("nft")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BytesBeforeAnOrderlyEnd_AllArrive_AlsoWhenTheCloserIsGone(bool byClient)
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        (Socket closer, Socket other) = byClient ? (client, server) : (server, client);
        byte[] sent = new byte[1 << 20];
        new Random(12).NextBytes(sent);
        Task closing = Task.Run(() =>
        {
            closer.Send(sent);
            closer.Close();
        });
        byte[] got = new byte[sent.Length];
        for (int at = 0, n = 1; at < got.Length && n > 0; at += n)
        {
            n = other.Receive(got, at, got.Length - at, SocketFlags.None);
        }

        await closing;
        Assert.True(sent.AsSpan().SequenceEqual(got));
        AppTalk.AssertEnd(other);
    }

    private static VirtualPod Caller(MeshPair mesh, bool tunnelled) => tunnelled ? mesh.Client : mesh.Stranger;

    // Who has read the end already learns of the reset by writing.
    private static bool IsBrokenPipe(Socket socket)
    {
        try
        {
            socket.Send("x"u8);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown;
        }
    }
}
