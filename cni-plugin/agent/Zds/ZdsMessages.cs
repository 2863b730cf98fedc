using System.Text;

namespace Ambient.Cni.Agent.Zds;

/// <summary>The agent's side of the ZDS packets (ztunnel.md 4.8, istio.workload.zds): writes requests, reads hello and acks. Pure.</summary>
internal static class ZdsMessages
{
    /// <summary>Longest packet that a ztunnel reads, and longest that is read from one.</summary>
    public const int MaxPacket = 1024;

    /// <summary>In a hello: takes marks. In an add: the mark.</summary>
    private const int MarkField = 100;

    /// <summary>In a hello: wants to hear whether it leads.</summary>
    private const int LeadsField = 101;

    /// <summary>Whether the ztunnel leads: one byte in field 101, which upstream's ztunnel skips.</summary>
    public static byte[] Leads(bool value) => [0xaa, 0x06, 0x01, value ? (byte)1 : (byte)0];

    /// <summary>SnapshotSent.</summary>
    public static ReadOnlySpan<byte> SnapshotSent => [0x1a, 0x00];

    /// <summary>An add; null when its texts do not fit into a packet.</summary>
    public static byte[]? Add(ZdsPod pod, bool withMark) =>
        Bounded(Field(1, [.. Text(1, pod.Uid), .. Field(2, [.. Text(1, pod.Name), .. Text(2, pod.Namespace), .. Text(3, pod.ServiceAccount)]), .. withMark && pod.Mark != 0 ? Mark(pod.Mark) : []]));

    /// <summary>A keep.</summary>
    public static byte[]? Keep(string uid) => Bounded(Field(5, Text(1, uid)));

    /// <summary>A del; its uid is field 2.</summary>
    public static byte[]? Delete(string uid) => Bounded(Field(2, Text(2, uid)));

    /// <summary>Whether the packet is a hello of a version that we speak; the error says what else it is.</summary>
    public static bool TryReadHello(ReadOnlySpan<byte> packet, out bool takesMarks, out bool hearsLeads, out string? error)
    {
        (takesMarks, hearsLeads) = (false, false);
        ulong version = 0;
        var reader = new ProtoReader(packet);
        while (reader.TryNext(out int field, out ulong number, out ReadOnlySpan<byte> content))
        {
            version = field == 1 ? number : version;
            takesMarks |= field == MarkField && content is [1];
            hearsLeads |= field == LeadsField && content is [1];
        }

        error = reader.Failed ? "the hello is not a protobuf message" : version != 1 ? "the hello has version " + version + ", this agent speaks 1" : null;
        return error is null;
    }

    /// <summary>Reads an ack; <paramref name="refusal"/> is null when the ztunnel agreed.</summary>
    public static bool TryReadAck(ReadOnlySpan<byte> packet, out string? refusal, out string? error)
    {
        refusal = null;
        error = "the response has no ack";
        var reader = new ProtoReader(packet);
        while (reader.TryNext(out int field, out _, out ReadOnlySpan<byte> content))
        {
            if (field != 1)
            {
                continue;
            }

            error = null;
            var ack = new ProtoReader(content);
            while (ack.TryNext(out int inner, out _, out ReadOnlySpan<byte> text))
            {
                refusal = inner == 1 && text.Length > 0 ? Encoding.UTF8.GetString(text) : refusal;
            }

            if (ack.Failed)
            {
                error = "the ack is not a protobuf message";
                return false;
            }
        }

        error = reader.Failed ? "the response is not a protobuf message" : error;
        return error is null;
    }

    /// <summary>Our own addition (field 100, which upstream's ztunnel skips): 4 bytes, little endian.</summary>
    private static byte[] Mark(uint mark) => [0xa2, 0x06, 0x04, .. BitConverter.IsLittleEndian ? BitConverter.GetBytes(mark) : BitConverter.GetBytes(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(mark))];

    private static byte[]? Bounded(byte[] packet) => packet.Length <= MaxPacket ? packet : null;

    private static byte[] Text(int number, string text) => text.Length == 0 ? [] : Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] content)
    {
        var bytes = new List<byte>(content.Length + 4) { (byte)((number << 3) | 2) };
        int length = content.Length;
        while (length >= 0x80)
        {
            bytes.Add((byte)(length | 0x80));
            length >>= 7;
        }

        bytes.Add((byte)length);
        bytes.AddRange(content);
        return [.. bytes];
    }
}
