using System.Buffers.Binary;
using System.Text;

namespace Ambient.Dns.Messages;

/// <summary>
/// Steps through DNS messages (RFC 1035 4.1) without ever throwing or looping: every read is bounded by the message, every
/// compression pointer must point before the place it was met at. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///  0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
/// +-----------------------------------------------+
/// |                      ID                       |
/// |QR|  Opcode   |AA|TC|RD|RA| Z|AD|CD|   RCODE   |
/// |        QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT     |
/// +-----------------------------------------------+
/// </code>
/// </remarks>
public static class DnsWire
{
    /// <summary>Length of the header.</summary>
    public const int HeaderLength = 12;

    /// <summary>Longest message.</summary>
    public const int MaxMessage = 65535;

    /// <summary>Longest message over UDP without EDNS.</summary>
    public const int MaxPlainUdp = 512;

    /// <summary>QR.</summary>
    public const ushort ResponseBit = 0x8000;

    /// <summary>OPCODE.</summary>
    public const ushort OpcodeMask = 0x7800;

    /// <summary>AA.</summary>
    public const ushort Authoritative = 0x0400;

    /// <summary>TC.</summary>
    public const ushort Truncated = 0x0200;

    /// <summary>RD.</summary>
    public const ushort RecursionDesired = 0x0100;

    /// <summary>RA.</summary>
    public const ushort RecursionAvailable = 0x0080;

    /// <summary>AD.</summary>
    public const ushort AuthenticData = 0x0020;

    /// <summary>CD.</summary>
    public const ushort CheckingDisabled = 0x0010;

    /// <summary>RCODE.</summary>
    public const ushort CodeMask = 0x000f;

    /// <summary>IN.</summary>
    public const ushort ClassInternet = 1;

    /// <summary>Longest name in text form; also what the expansion of pointers is bounded by.</summary>
    private const int MaxName = 255;

    /// <summary>A number of two bytes.</summary>
    public static ushort U16(ReadOnlySpan<byte> message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);

    /// <summary>Writes a number of two bytes.</summary>
    public static void PutU16(Span<byte> message, int offset, int value) => BinaryPrimitives.WriteUInt16BigEndian(message[offset..], (ushort)value);

    /// <summary>Moves behind a name; labels are checked, pointers are not followed.</summary>
    public static bool TrySkipName(ReadOnlySpan<byte> message, ref int offset)
    {
        int length = 0;
        while (offset < message.Length)
        {
            int label = message[offset];
            if (label == 0)
            {
                offset++;
                return true;
            }

            if ((label & 0xc0) == 0xc0)
            {
                int target = offset + 1 < message.Length ? ((label & 0x3f) << 8) | message[offset + 1] : int.MaxValue;
                bool backwards = target >= HeaderLength && target < offset;
                offset += 2;
                return backwards;
            }

            length += label + 1;
            if (label > 63 || length >= MaxName)
            {
                return false;
            }

            offset += label + 1;
        }

        return false;
    }

    /// <summary>
    /// Reads a name as lower-case text without final dot, and moves behind it. <paramref name="isPlain"/> is false for names
    /// that have no unambiguous text (a dot or a byte outside printable ASCII in a label): no Service can be called so.
    /// </summary>
    public static bool TryReadName(ReadOnlySpan<byte> message, ref int offset, out string name, out bool isPlain)
    {
        Span<char> text = stackalloc char[MaxName];
        int length = 0, position = offset, limit = message.Length;
        bool jumped = false;
        name = string.Empty;
        isPlain = true;
        while (position < message.Length)
        {
            int label = message[position];
            if ((label & 0xc0) == 0xc0)
            {
                if (position + 1 >= message.Length)
                {
                    return false;
                }

                // Strictly before the last jump's target: so the walk must end.
                int target = ((label & 0x3f) << 8) | message[position + 1];
                if (target < HeaderLength || target >= Math.Min(position, limit))
                {
                    return false;
                }

                if (!jumped)
                {
                    offset = position + 2;
                }

                jumped = true;
                limit = position = target;
                continue;
            }

            position++;
            if (label == 0)
            {
                offset = jumped ? offset : position;
                name = new string(text[..Math.Max(0, length - 1)]);
                return true;
            }

            if (label > 63 || position + label > message.Length || length + label + 1 >= MaxName)
            {
                return false;
            }

            foreach (byte b in message.Slice(position, label))
            {
                isPlain &= b is > 0x20 and < 0x7f and not (byte)'.';
                text[length++] = b is >= (byte)'A' and <= (byte)'Z' ? (char)(b | 0x20) : (char)b;
            }

            text[length++] = '.';
            position += label;
        }

        return false;
    }

    /// <summary>Writes a name and moves behind it; false when it is none, or does not fit.</summary>
    public static bool TryWriteName(Span<byte> space, ref int length, string name)
    {
        foreach (Range range in name.AsSpan().Split('.'))
        {
            ReadOnlySpan<char> label = name.AsSpan()[range];
            if (label.Length is 0 or > 63 || length + label.Length + 2 > space.Length)
            {
                // A final dot leaves an empty last label.
                if (label.Length == 0 && range.End.GetOffset(name.Length) == name.Length && length > HeaderLength)
                {
                    break;
                }

                return false;
            }

            space[length] = (byte)label.Length;
            if (!Encoding.UTF8.TryGetBytes(label, space.Slice(length + 1, label.Length), out int bytes) || bytes != label.Length)
            {
                return false;
            }

            length += label.Length + 1;
        }

        if (length >= space.Length)
        {
            return false;
        }

        space[length++] = 0;
        return true;
    }

    /// <summary>Reads one resource record and moves behind it; its data is a slice of the message.</summary>
    public static bool TryReadRecord(ReadOnlySpan<byte> message, ref int offset, out DnsRecord record)
    {
        record = default;
        int start = offset;
        if (!TrySkipName(message, ref offset) || message.Length - offset < 10)
        {
            return false;
        }

        int length = U16(message, offset + 8);
        record = new DnsRecord(start, U16(message, offset), U16(message, offset + 2), BinaryPrimitives.ReadUInt32BigEndian(message[(offset + 4)..]), offset + 10, length);
        offset += 10 + length;
        return offset <= message.Length;
    }
}
