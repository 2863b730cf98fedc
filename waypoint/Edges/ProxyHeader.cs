using System.Buffers.Binary;
using System.Text;
using Ambient.Mesh.Addresses;
using Ambient.Tls.Hellos;

namespace Ambient.Waypoint.Edges;

/// <summary>Reads what a proxy in front of us says first about its client (PROXY protocol versions 1 and 2). Pure.</summary>
internal static class ProxyHeader
{
    // Version 1 says so itself; version 2 may bring anything along, of which nothing is used.
    private const int MaxFirst = 107;
    private const int MaxSecond = 4 * 1024;
    private const int FixedSize = 16;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    private static ReadOnlySpan<byte> Word => "PROXY "u8;

    /// <summary>Looks at the first bytes of a connection.</summary>
    /// <param name="bytes">They.</param>
    /// <param name="length">How many of them are the header, when it was found.</param>
    /// <param name="source">The client; null when the proxy speaks for itself, or does not know.</param>
    /// <param name="target">What the client dialled.</param>
    public static HelloStatus Read(ReadOnlySpan<byte> bytes, out int length, out IpPort? source, out IpPort? target)
    {
        (length, source, target) = (0, null, null);
        return Begins(bytes, Signature) ? ReadSecond(bytes, out length, ref source, ref target)
            : Begins(bytes, Word) ? ReadFirst(bytes, out length, ref source, ref target)
            : HelloStatus.Bad;
    }

    private static bool Begins(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> with)
    {
        int common = Math.Min(bytes.Length, with.Length);
        return bytes[..common].SequenceEqual(with[..common]);
    }

    private static HelloStatus ReadFirst(ReadOnlySpan<byte> bytes, out int length, ref IpPort? source, ref IpPort? target)
    {
        length = 0;
        int end = bytes[..Math.Min(bytes.Length, MaxFirst)].IndexOf("\r\n"u8);
        if (end < 0)
        {
            return bytes.Length >= MaxFirst ? HelloStatus.Bad : HelloStatus.Incomplete;
        }

        length = end + 2;
        string[] words = Encoding.Latin1.GetString(bytes[..end]).Split(' ');
        if (words.Length >= 2 && words[1] == "UNKNOWN")
        {
            return HelloStatus.Found;
        }

        if (words.Length != 6 || words[1] is not ("TCP4" or "TCP6") || !TryRead(words[2], words[4], out IpPort from) || !TryRead(words[3], words[5], out IpPort to)
            || from.Address.IsIPv4 != (words[1] == "TCP4") || to.Address.IsIPv4 != from.Address.IsIPv4)
        {
            return HelloStatus.Bad;
        }

        (source, target) = (from, to);
        return HelloStatus.Found;
    }

    private static bool TryRead(string address, string port, out IpPort read)
    {
        read = default;
        if (!IpAddress.TryParse(address, out IpAddress parsed) || !ushort.TryParse(port, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out ushort number))
        {
            return false;
        }

        read = new IpPort(parsed, number);
        return true;
    }

    private static HelloStatus ReadSecond(ReadOnlySpan<byte> bytes, out int length, ref IpPort? source, ref IpPort? target)
    {
        length = 0;
        if (bytes.Length < FixedSize)
        {
            return HelloStatus.Incomplete;
        }

        int size = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        byte command = bytes[12], family = bytes[13];
        int address = family switch { 0x11 => 4, 0x21 => 16, _ => 0 };
        bool isLocal = command == 0x20 || family == 0;
        if (command is not (0x20 or 0x21) || size > MaxSecond || (!isLocal && (address == 0 || size < (2 * address) + 4)))
        {
            return HelloStatus.Bad;
        }

        if (bytes.Length < FixedSize + size)
        {
            return HelloStatus.Incomplete;
        }

        length = FixedSize + size;
        if (!isLocal)
        {
            ReadOnlySpan<byte> said = bytes[FixedSize..];
            source = new IpPort(IpAddress.From(said[..address]), BinaryPrimitives.ReadUInt16BigEndian(said[(2 * address)..]));
            target = new IpPort(IpAddress.From(said.Slice(address, address)), BinaryPrimitives.ReadUInt16BigEndian(said[((2 * address) + 2)..]));
        }

        return HelloStatus.Found;
    }
}
