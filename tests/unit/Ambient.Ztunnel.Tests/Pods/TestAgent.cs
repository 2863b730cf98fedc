using Ambient.Linux.Descriptors;
using Ambient.Linux.Sockets;
using Ambient.Ztunnel.Pods;

namespace Ambient.Ztunnel.Tests.Pods;

/// <summary>A small node agent: listens, accepts, sends packets and reads acks.</summary>
internal sealed class TestAgent : IDisposable
{
    private const int Deadline = 10_000;
    private readonly PacketSocket _listener;

    public TestAgent()
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"ambient-zds-{Guid.NewGuid():N}.sock");
        _listener = PacketSocket.Listen(Path, 4);
    }

    public string Path { get; }

    public PacketSocket Accept()
    {
        Assert.True(_listener.WaitReadable(null, Deadline), "nobody connects");
        _listener.TryAccept(out PacketSocket? connection).OrThrow("accept", Path);
        return connection!;
    }

    /// <summary>Accepts and checks the hello.</summary>
    public PacketSocket AcceptHello()
    {
        PacketSocket connection = Accept();
        Assert.Equal(ZdsCodec.Hello.ToArray(), Receive(connection));
        return connection;
    }

    /// <summary>Sends a packet and returns the error of its ack, empty for success, null at end of stream.</summary>
    public static string? Exchange(PacketSocket connection, byte[] packet, string? descriptorOf = null)
    {
        if (descriptorOf is null)
        {
            connection.TrySend(packet).OrThrow("sendmsg", "zds");
        }
        else
        {
            using FileDescriptor descriptor = FileDescriptor.OpenRead(descriptorOf);
            connection.TrySend(packet, descriptor.Number).OrThrow("sendmsg", "zds");
        }

        return ZdsPackets.ReadAck(Receive(connection));
    }

    public static byte[] Receive(PacketSocket connection)
    {
        Assert.True(connection.WaitReadable(null, Deadline), "no packet came");
        byte[] buffer = new byte[1024];
        int length = (int)connection.TryReceive(buffer, 1, out _).OrThrow("recvmsg", "zds");
        return buffer[..length];
    }

    public static void Send(PacketSocket connection, byte[] packet, params int[] descriptors) =>
        connection.TrySend(packet, descriptors).OrThrow("sendmsg", "zds");

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(Path);
    }
}
