using System.Text;

namespace Ambient.Ztunnel.Tests.Pods;

/// <summary>The agent's side of the wire format, written apart from the product's reader.</summary>
internal static class ZdsPackets
{
    public static readonly byte[] Snapshot = Field(3, []);

    public static byte[] Add(string uid, bool info = true) =>
        Field(1, [.. Field(1, Text(uid)), .. info ? Field(2, [.. Field(1, Text("name")), .. Field(2, Text("ns")), .. Field(3, Text("sa"))]) : []]);

    public static byte[] Delete(string uid) => Field(2, Field(2, Text(uid)));

    public static byte[] Keep(string uid) => Field(5, Field(1, Text(uid)));

    /// <summary>The error of an ack, empty for success; null if the packet is no ack.</summary>
    public static string? ReadAck(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 2 || packet[0] != 0x0a)
        {
            return null;
        }

        ReadOnlySpan<byte> ack = Content(packet);
        return ack.IsEmpty ? string.Empty : Encoding.UTF8.GetString(Content(ack));
    }

    public static byte[] Field(int number, byte[] content) => content.Length < 128
        ? [(byte)((number << 3) | 2), (byte)content.Length, .. content]
        : [(byte)((number << 3) | 2), (byte)(content.Length | 0x80), (byte)(content.Length >> 7), .. content];

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> field)
    {
        int length = field[1], start = 2;
        if (length >= 128)
        {
            length = (length & 0x7f) | (field[2] << 7);
            start = 3;
        }

        return field.Slice(start, length);
    }
}
