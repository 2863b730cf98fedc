using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Ztunnel.Accepting;

namespace Ambient.Ztunnel.Tests.Accepting;

/// <summary>What one connection does to the others that wait for the same listener.</summary>
public sealed class ListenerTests
{
    [Fact]
    public void ConnectionThatThrows_DoesNotKeepTheOnesBehindItWaiting()
    {
        using EventLoop.EventLoop loop = new("listener", new EventLoopOptions());
        loop.RunOnce(0);
        var sockets = new SocketFactory(null, new SocketOptions());
        int fd = (int)sockets.Listen(SocketAddress.LoopbackIPv4, 8, out _).OrThrow("listen", "loopback");
        SocketIo.LocalAddress(fd, out SocketAddress address);
        int[] callers = [.. Enumerable.Range(0, 3).Select(_ => Call(sockets, address))];
        int accepted = 0;
        Listener listener = new(fd, (socket, _) =>
        {
            SocketIo.Close(socket);
            if (++accepted == 1)
            {
                throw new InvalidOperationException("a bug");
            }
        });
        listener.Serve(loop);
        long deadline = Environment.TickCount64 + 20_000;
        while (accepted < callers.Length)
        {
            Assert.True(Environment.TickCount64 < deadline, $"{accepted} of {callers.Length} were accepted");
            loop.RunOnce(5);
        }

        Assert.Equal(1, loop.Faults);
        listener.Close();
        Array.ForEach(callers, c => SocketIo.Close(c));
    }

    private static int Call(SocketFactory sockets, SocketAddress address)
    {
        int fd = (int)sockets.OpenStream(ipv4: true, null).OrThrow("socket", "loopback");
        SysResult connect = SocketIo.Connect(fd, address);
        Assert.True(!connect.IsError || connect.Is(Errno.EINPROGRESS), connect.ToString());
        return fd;
    }
}
