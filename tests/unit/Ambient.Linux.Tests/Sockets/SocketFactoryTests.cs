using Ambient.Linux.Native;
using Ambient.Linux.Sockets;

namespace Ambient.Linux.Tests.Sockets;

public sealed class SocketFactoryTests
{
    private static readonly SocketOptions Plain = new() { Transparent = TransparentMode.Never };

    [Fact]
    public void Listener_WithPortReuse_HasIt_AndTwoShareAPort()
    {
        var factory = new SocketFactory(null, Plain with { ReusePort = true });
        int a = (int)factory.Listen(SocketAddress.LoopbackIPv4, 4, out _).OrThrow("listen", "a");
        SocketIo.LocalAddress(a, out SocketAddress address);
        Assert.Equal(1, Option(a, Libc.SOL_SOCKET, Libc.SO_REUSEPORT));
        int b = (int)factory.Listen(address, 4, out _).OrThrow("listen", "b");
        SysResult c = new SocketFactory(null, Plain).Listen(address, 4, out _);
        Assert.True(c.Is(Errno.EADDRINUSE), c.ToString());
        SocketIo.Close(a);
        SocketIo.Close(b);
    }

    [Fact]
    [Trait("behaviour", "ZT-253")]
    public void OutgoingSockets_NeverReusePorts_AndHaveNodelayAndKeepalive()
    {
        var keepAlive = new KeepAlive(TimeSpan.FromSeconds(180), TimeSpan.FromSeconds(30), 9);
        var factory = new SocketFactory(null, Plain with { ReusePort = true, KeepAlive = keepAlive, UserTimeout = true });
        int stream = (int)factory.OpenStream(true, null).OrThrow("socket", "stream");
        int datagram = (int)factory.OpenDatagram(true).OrThrow("socket", "datagram");
        Assert.Equal(0, Option(stream, Libc.SOL_SOCKET, Libc.SO_REUSEPORT));
        Assert.Equal(0, Option(datagram, Libc.SOL_SOCKET, Libc.SO_REUSEPORT));
        Assert.Equal(1, Option(stream, Libc.SOL_TCP, Libc.TCP_NODELAY));
        Assert.Equal(1, Option(stream, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE));
        Assert.Equal(180, Option(stream, Libc.SOL_TCP, Libc.TCP_KEEPIDLE));
        Assert.Equal(30, Option(stream, Libc.SOL_TCP, Libc.TCP_KEEPINTVL));
        Assert.Equal(9, Option(stream, Libc.SOL_TCP, Libc.TCP_KEEPCNT));
        Assert.Equal((180 + (9 * 30)) * 1000, Option(stream, Libc.SOL_TCP, Libc.TCP_USER_TIMEOUT));
        SocketIo.Close(stream);
        SocketIo.Close(datagram);
    }

    [Fact]
    [Trait("behaviour", "ZT-141")]
    public void AcceptedSockets_InheritNodelayKeepaliveAndUserTimeout()
    {
        var keepAlive = new KeepAlive(TimeSpan.FromSeconds(180), TimeSpan.FromSeconds(30), 9);
        var factory = new SocketFactory(null, Plain with { KeepAlive = keepAlive, UserTimeout = true });
        int listener = (int)factory.Listen(SocketAddress.LoopbackIPv4, 4, out _).OrThrow("listen", "listener");
        SocketIo.LocalAddress(listener, out SocketAddress address);
        int client = (int)factory.OpenStream(true, null).OrThrow("socket", "stream");
        Assert.True(!SocketIo.Connect(client, address).IsError || SocketIo.PendingError(client).Errno == Errno.None);
        int accepted = (int)SocketIo.Accept(listener, out _).OrThrow("accept", "connection");
        Assert.Equal(1, Option(accepted, Libc.SOL_TCP, Libc.TCP_NODELAY));
        Assert.Equal(1, Option(accepted, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE));
        Assert.Equal(180, Option(accepted, Libc.SOL_TCP, Libc.TCP_KEEPIDLE));
        Assert.Equal(30, Option(accepted, Libc.SOL_TCP, Libc.TCP_KEEPINTVL));
        Assert.Equal(9, Option(accepted, Libc.SOL_TCP, Libc.TCP_KEEPCNT));
        Assert.Equal((180 + (9 * 30)) * 1000, Option(accepted, Libc.SOL_TCP, Libc.TCP_USER_TIMEOUT));
        SocketIo.Close(accepted);
        SocketIo.Close(client);
        SocketIo.Close(listener);
    }

    [Fact]
    public void Spoofing_OfTheOtherFamily_FailsButLeavesAGoodSocket()
    {
        var factory = new SocketFactory(null, Plain);
        int fd = (int)factory.OpenStream(true, SocketAddress.LoopbackIPv6, out SysResult spoofing).OrThrow("socket", "stream");
        Assert.True(spoofing.Is(Errno.EAFNOSUPPORT));
        SocketIo.LocalAddress(fd, out SocketAddress local);
        Assert.True(local.IsUnspecified && local.Port == 0);
        SocketIo.Close(fd);
    }

    [Fact]
    public void Sockets_AreNonBlockingAndCloseOnExec()
    {
        int fd = (int)new SocketFactory(null, Plain).OpenStream(true, null).OrThrow("socket", "stream");
        const int GetDescriptorFlags = 1, GetStatusFlags = 3;
        Assert.Equal(1, Libc.fcntl(fd, GetDescriptorFlags, 0) & 1);
        Assert.NotEqual(0, Libc.fcntl(fd, GetStatusFlags, 0) & Libc.SOCK_NONBLOCK);
        SocketIo.Close(fd);
    }

    private static int Option(int fd, int level, int option)
    {
        SocketIo.GetOption(fd, level, option, out int value).OrThrow("getsockopt", "option");
        return value;
    }
}
