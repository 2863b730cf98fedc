using System.Text;
using Ambient.Linux.Sockets;

namespace Ambient.Cni.Agent.Tests.Zds;

/// <summary>A ztunnel of few words: says hello, reads packets, answers when the test says so. Its reader is written apart from the product's writer.</summary>
internal sealed class TestZtunnel : IDisposable
{
    private const int Deadline = 10_000;
    private readonly PacketSocket _socket;

    public TestZtunnel(string path, bool hello = true)
    {
        _socket = PacketSocket.Connect(path);
        if (hello)
        {
            Send(0x08, 0x01);
        }
    }

    public void Send(params byte[] packet) => _socket.TrySend(packet).OrThrow("sendmsg", "zds");

    public void Ack(string? refusal = null) => Send(refusal is null ? [0x0a, 0x00] : [0x0a, (byte)(refusal.Length + 2), 0x0a, (byte)refusal.Length, .. Encoding.UTF8.GetBytes(refusal)]);

    /// <summary>The next packet in short: <c>add A 1</c> (uid, descriptors), <c>keep A</c>, <c>del A</c>, <c>sent</c>; <c>end</c> at end of stream.</summary>
    public string Next()
    {
        Assert.True(_socket.WaitReadable(null, Deadline), "no packet came");
        byte[] buffer = new byte[2048];
        var received = _socket.TryReceive(buffer, 4, out ReceivedPacket? packet);
        if (received.IsError || packet!.Length == 0)
        {
            return "end";
        }

        packet.CloseDescriptors();
        ReadOnlySpan<byte> bytes = buffer.AsSpan(0, packet.Length);
        (int field, string uid) = (bytes[0] >> 3, "");
        if (field != 3)
        {
            // Short names keep every length in one byte.
            ReadOnlySpan<byte> body = bytes.Slice(2, bytes[1]);
            Assert.Equal(field == 2 ? 0x12 : 0x0a, body[0]);
            uid = Encoding.UTF8.GetString(body.Slice(2, body[1]));
        }

        string count = packet.Descriptors.Count == 0 ? "" : " " + packet.Descriptors.Count;
        return field switch { 1 => "add " + uid, 2 => "del " + uid, 3 => "sent", 5 => "keep " + uid, _ => "unknown" } + count;
    }

    /// <summary>Reads and acknowledges everything to the end of the snapshot; what was told, sorted.</summary>
    public string Snapshot()
    {
        List<string> told = [];
        while (true)
        {
            string next = Next();
            if (next == "sent")
            {
                Ack();
                told.Sort(StringComparer.Ordinal);
                return string.Join(", ", told);
            }

            told.Add(next);
            Ack();
        }
    }

    public bool IsSilent => !_socket.WaitReadable(null, 0);

    public void Dispose() => _socket.Dispose();
}
