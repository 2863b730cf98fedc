using System.Runtime.InteropServices;
using Ambient.Linux.Native;
using Ambient.Linux.Sockets;

namespace Ambient.Linux.Tests.Sockets;

public sealed unsafe class SocketIoTests
{
    private static readonly SocketFactory Own = new(null, new SocketOptions { Transparent = TransparentMode.Never });

    [Fact]
    public void Stream_ConnectAcceptWriteReadHalfClose()
    {
        (int client, int server, int listener) = Connect();
        try
        {
            SocketIo.Write(client, "hello"u8).OrThrow("send", "client");
            Assert.Equal("hello", ReadText(server));
            SocketIo.ShutdownWrite(client).OrThrow("shutdown", "client");
            Wait(server, Libc.POLLIN);
            Assert.Equal(0, SocketIo.Read(server, new byte[8]).OrThrow("recv", "server"));
            SocketIo.Write(server, "still open"u8).OrThrow("send", "server");
            Assert.Equal("still open", ReadText(client));
            Assert.True(SocketIo.Read(client, new byte[8]).Is(Errno.EAGAIN));
        }
        finally
        {
            Close(client, server, listener);
        }
    }

    [Fact]
    public void Vectors_GatherAndScatter()
    {
        SocketIo.SocketPair(out int a, out int b).OrThrow("socketpair", "");
        byte* memory = (byte*)NativeMemory.AllocZeroed(64);
        try
        {
            "abcdef"u8.CopyTo(new Span<byte>(memory, 6));
            SysResult sent = SocketIo.WriteVector(a, [new IoVector(memory + 3, 3), new IoVector(memory, 3)]);
            Assert.Equal(6, sent.OrThrow("sendmsg", "a"));
            SysResult read = SocketIo.ReadVector(b, [new IoVector(memory + 16, 2), new IoVector(memory + 32, 10)]);
            Assert.Equal(6, read.OrThrow("readv", "b"));
            Assert.Equal("de", System.Text.Encoding.ASCII.GetString(memory + 16, 2));
            Assert.Equal("fabc", System.Text.Encoding.ASCII.GetString(memory + 32, 4));
        }
        finally
        {
            NativeMemory.Free(memory);
            Close(a, b);
        }
    }

    [Fact]
    public void CloseWithReset_PeerSeesReset()
    {
        (int client, int server, int listener) = Connect();
        try
        {
            SocketIo.CloseWithReset(client);
            Wait(server, Libc.POLLIN);
            Assert.True(SocketIo.Read(server, new byte[1]).Is(Errno.ECONNRESET));
        }
        finally
        {
            Close(server, listener);
        }
    }

    [Fact]
    public void Write_AfterPeerClosed_IsEpipeAndNoSignal()
    {
        SocketIo.SocketPair(out int a, out int b).OrThrow("socketpair", "");
        SocketIo.Close(b);
        Assert.True(SocketIo.Write(a, "x"u8).Is(Errno.EPIPE));
        byte* one = stackalloc byte[1];
        Assert.True(SocketIo.WriteVector(a, [new IoVector(one, 1)]).Is(Errno.EPIPE));
        SocketIo.Close(a);
    }

    [Fact]
    public void Connect_NobodyListens_PendingErrorSaysRefused()
    {
        int listener = (int)Own.Listen(SocketAddress.LoopbackIPv4, 1, out _).OrThrow("listen", "loopback");
        SocketIo.LocalAddress(listener, out SocketAddress address).OrThrow("getsockname", "listener");
        SocketIo.Close(listener);
        int client = (int)Own.OpenStream(true, null).OrThrow("socket", "client");
        SysResult connected = SocketIo.Connect(client, address);
        Assert.True(connected.Is(Errno.EINPROGRESS) || connected.Is(Errno.ECONNREFUSED), connected.ToString());
        if (connected.Is(Errno.EINPROGRESS))
        {
            Wait(client, Libc.POLLOUT);
            Assert.True(SocketIo.PendingError(client).Is(Errno.ECONNREFUSED));
        }

        SocketIo.Close(client);
    }

    [Fact]
    public void Datagrams_KeepBordersAndSender()
    {
        int a = (int)Own.OpenDatagram(SocketAddress.LoopbackIPv4).OrThrow("socket", "a");
        int b = (int)Own.OpenDatagram(true).OrThrow("socket", "b");
        try
        {
            SocketIo.LocalAddress(a, out SocketAddress address).OrThrow("getsockname", "a");
            SocketIo.SendTo(b, "one"u8, address).OrThrow("sendto", "a");
            SocketIo.SendTo(b, "three"u8, address).OrThrow("sendto", "a");
            Wait(a, Libc.POLLIN);
            byte[] buffer = new byte[16];
            Assert.Equal(3, SocketIo.ReceiveFrom(a, buffer, out SocketAddress sender).OrThrow("recvfrom", "a"));
            Assert.True(sender.IsLoopback && sender.Port != 0);
            Assert.Equal(5, SocketIo.ReceiveFrom(a, buffer, out _).OrThrow("recvfrom", "a"));
        }
        finally
        {
            Close(a, b);
        }
    }

    [Fact]
    public void OriginalDestination_WithoutRedirection_IsAnErrorAndNeverSomeAddress()
    {
        (int client, int server, int listener) = Connect();
        SysResult result = SocketIo.OriginalDestination(server, out SocketAddress address);

        // With connection tracking in the kernel the answer is the real destination; without, an error.
        SocketIo.LocalAddress(server, out SocketAddress local).OrThrow("getsockname", "server");
        Assert.True(result.IsError ? address.IsNone : address == local);
        Close(client, server, listener);
    }

    [Fact]
    public void BadDescriptor_IsAnErrorEverywhere()
    {
        Assert.True(SocketIo.Read(-1, new byte[1]).Is(Errno.EBADF));
        Assert.True(SocketIo.Write(-1, "x"u8).Is(Errno.EBADF));
        Assert.True(SocketIo.Accept(-1, out _).Is(Errno.EBADF));
        Assert.True(SocketIo.PendingError(-1).Is(Errno.EBADF));
        Assert.True(SocketIo.ShutdownWrite(-1).Is(Errno.EBADF));
    }

    internal static void Wait(int fd, short events)
    {
        Libc.pollfd descriptor = new() { fd = fd, events = events };
        Assert.Equal(1, Libc.poll(&descriptor, 1, 5000));
    }

    private static (int Client, int Server, int Listener) Connect()
    {
        int listener = (int)Own.Listen(SocketAddress.LoopbackIPv4, 8, out _).OrThrow("listen", "loopback");
        SocketIo.LocalAddress(listener, out SocketAddress address).OrThrow("getsockname", "listener");
        int client = (int)Own.OpenStream(true, null).OrThrow("socket", "client");
        SocketIo.Connect(client, address);
        Wait(listener, Libc.POLLIN);
        int server = (int)SocketIo.Accept(listener, out SocketAddress peer).OrThrow("accept", "listener");
        SocketIo.LocalAddress(client, out SocketAddress own).OrThrow("getsockname", "client");
        Assert.Equal(own, peer);
        return (client, server, listener);
    }

    private static string ReadText(int fd)
    {
        Wait(fd, Libc.POLLIN);
        byte[] buffer = new byte[64];
        int length = (int)SocketIo.Read(fd, buffer).OrThrow("recv", "fd");
        return System.Text.Encoding.ASCII.GetString(buffer, 0, length);
    }

    private static void Close(params int[] descriptors)
    {
        foreach (int fd in descriptors)
        {
            SocketIo.Close(fd);
        }
    }
}
