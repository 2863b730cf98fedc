using Ambient.Linux.Descriptors;
using Ambient.Linux.Sockets;

namespace Ambient.Linux.Tests.Sockets;

public sealed class PacketSocketTests
{
    [Fact]
    public void Descriptor_TravelsWithItsPacket()
    {
        (PacketSocket a, PacketSocket b) = PacketSocket.Pair();
        using (a)
        using (b)
        using (FileDescriptor file = FileDescriptor.OpenRead("/proc/self/stat"))
        {
            a.TrySend("with"u8, file.Number).OrThrow("sendmsg", "a");
            a.TrySend("without"u8).OrThrow("sendmsg", "a");
            byte[] buffer = new byte[64];
            Assert.Equal(4, b.TryReceive(buffer, 1, out ReceivedPacket? first).OrThrow("recvmsg", "b"));
            FileDescriptor received = Assert.Single(first!.Descriptors);
            Assert.NotEqual(file.Number, received.Number);
            Assert.True(SocketIo.GetOption(received.Number, 1, 4, out _).Is(Errno.ENOTSOCK));
            first.CloseDescriptors();
            Assert.True(received.IsClosed);
            Assert.Equal(7, b.TryReceive(buffer, 1, out ReceivedPacket? second).OrThrow("recvmsg", "b"));
            Assert.Empty(second!.Descriptors);
            Assert.True(b.TryReceive(buffer, 1, out _).Is(Errno.EAGAIN));
        }
    }

    [Fact]
    public void TooLongPacket_AndTooManyDescriptors_AreSeen()
    {
        (PacketSocket a, PacketSocket b) = PacketSocket.Pair();
        using (a)
        using (b)
        using (FileDescriptor file = FileDescriptor.OpenRead("/proc/self/stat"))
        {
            a.TrySend(new byte[100], file.Number, file.Number, file.Number, file.Number).OrThrow("sendmsg", "a");
            b.TryReceive(new byte[10], 1, out ReceivedPacket? packet).OrThrow("recvmsg", "b");
            Assert.True(packet!.DataCut);
            Assert.True(packet.ControlCut);
            Assert.True(packet.Descriptors.Count < 4);
            packet.CloseDescriptors();
        }
    }

    [Fact]
    public void PeerGone_IsAPacketOfNoBytes()
    {
        (PacketSocket a, PacketSocket b) = PacketSocket.Pair();
        a.Dispose();
        Assert.Equal(0, b.TryReceive(new byte[10], 1, out ReceivedPacket? packet).OrThrow("recvmsg", "b"));
        Assert.Equal(0, packet!.Length);
        b.Dispose();
    }

    [Fact]
    public void ListenConnectAccept_OverAPath_ReplacesAStaleFile()
    {
        string path = Path.Combine(Path.GetTempPath(), $"ambient-linux-{Environment.ProcessId}-{Guid.NewGuid():N}.sock");
        try
        {
            PacketSocket.Listen(path, 4).Dispose();
            using PacketSocket listener = PacketSocket.Listen(path, 4);
            using PacketSocket client = PacketSocket.Connect(path);
            Assert.True(listener.WaitReadable(null, 5000));
            listener.TryAccept(out PacketSocket? server).OrThrow("accept", path);
            using (server)
            {
                client.TrySend("x"u8).OrThrow("sendmsg", path);
                Assert.True(server!.WaitReadable(null, 5000));
                Assert.Equal(1, server.TryReceive(new byte[8], 1, out _).OrThrow("recvmsg", path));
                Assert.False(server.WaitReadable(null, 0));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Connect_NoSuchPath_NamesIt()
    {
        LinuxException e = Assert.Throws<LinuxException>(() => PacketSocket.Connect("/nonexistent/ztunnel.sock"));
        Assert.Equal(Errno.ENOENT, e.Errno);
        Assert.Contains("/nonexistent/ztunnel.sock", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Waker_EndsAWait()
    {
        (PacketSocket a, PacketSocket b) = PacketSocket.Pair();
        using (a)
        using (b)
        using (var waker = new Polling.Waker())
        {
            waker.Signal();
            Assert.False(a.WaitReadable(waker, -1));
            waker.Reset();
            Assert.False(a.WaitReadable(waker, 0));
        }
    }
}
