using System.Globalization;

namespace Ambient.Mesh.Addresses;

/// <summary>
/// Text of addresses. Stricter than the framework's parser, which takes "1", "0x7f.1" and zones: an authority that one
/// side reads as a name and the other as an address would be a hole.
/// </summary>
internal static class IpAddressText
{
    internal const int MaxLength = 45;

    internal static bool TryParse(ReadOnlySpan<char> text, out IpAddress address)
    {
        address = default;
        if (text.Length is 0 or > MaxLength)
        {
            return false;
        }

        if (text.Contains(':'))
        {
            return TryParseV6(text, out address);
        }

        if (!TryParseV4(text, out uint bits))
        {
            return false;
        }

        address = IpAddress.FromIPv4(bits);
        return true;
    }

    internal static string Format(IpAddress address)
    {
        Span<char> buffer = stackalloc char[MaxLength];
        return new string(buffer[..Write(address, buffer)]);
    }

    internal static int Write(IpAddress address, Span<char> to)
    {
        if (address.IsIPv4)
        {
            return WriteV4(address.IPv4Bits, to);
        }

        Span<ushort> groups = stackalloc ushort[8];
        for (int i = 0; i < 4; i++)
        {
            groups[i] = (ushort)(address.HighBits >> (48 - (16 * i)));
            groups[4 + i] = (ushort)(address.LowBits >> (48 - (16 * i)));
        }

        (int start, int length) = LongestZeroRun(groups);
        int at = 0;
        for (int i = 0; i < 8; i++)
        {
            if (i == start)
            {
                to[at++] = ':';
                to[at++] = ':';
                i += length - 1;
                continue;
            }

            if (i > 0 && to[at - 1] != ':')
            {
                to[at++] = ':';
            }

            _ = groups[i].TryFormat(to[at..], out int written, "x", CultureInfo.InvariantCulture);
            at += written;
        }

        return at;
    }

    private static int WriteV4(uint bits, Span<char> to)
    {
        int at = 0;
        for (int shift = 24; shift >= 0; shift -= 8)
        {
            _ = ((byte)(bits >> shift)).TryFormat(to[at..], out int written, default, CultureInfo.InvariantCulture);
            at += written;
            if (shift > 0)
            {
                to[at++] = '.';
            }
        }

        return at;
    }

    /// <summary>The first longest run of at least two zero groups (RFC 5952 section 4.2).</summary>
    private static (int Start, int Length) LongestZeroRun(ReadOnlySpan<ushort> groups)
    {
        (int start, int length) = (-1, 1);
        for (int i = 0; i < 8; i++)
        {
            int end = i;
            while (end < 8 && groups[end] == 0)
            {
                end++;
            }

            if (end - i > length)
            {
                (start, length) = (i, end - i);
            }

            i = Math.Max(i, end);
        }

        return (start, length);
    }

    private static bool TryParseV4(ReadOnlySpan<char> text, out uint bits)
    {
        bits = 0;
        int octets = 0, value = -1;
        foreach (char c in text)
        {
            if (c == '.')
            {
                if (value < 0 || ++octets > 3)
                {
                    return false;
                }

                bits = (bits << 8) | (uint)value;
                value = -1;
            }
            else if (!char.IsAsciiDigit(c) || value == 0)
            {
                // A leading zero would be octal to some readers.
                return false;
            }
            else
            {
                value = (Math.Max(value, 0) * 10) + (c - '0');
                if (value > 255)
                {
                    return false;
                }
            }
        }

        bits = (bits << 8) | (uint)Math.Max(value, 0);
        return octets == 3 && value >= 0;
    }

    private static bool TryParseV6(ReadOnlySpan<char> text, out IpAddress address)
    {
        address = default;
        Span<ushort> groups = stackalloc ushort[8];
        int count = 0, gap = -1, at = 0;
        if (text[0] == ':')
        {
            if (text.Length < 2 || text[1] != ':')
            {
                return false;
            }

            gap = 0;
            at = 2;
        }

        while (at < text.Length)
        {
            ReadOnlySpan<char> rest = text[at..];
            int end = rest.IndexOf(':');
            ReadOnlySpan<char> piece = end < 0 ? rest : rest[..end];
            if (piece.Contains('.'))
            {
                return end < 0 && count <= 6 && TryParseV4(piece, out uint tail) && TryAppend(groups, ref count, tail)
                    && TryAssemble(groups, count, gap, out address);
            }

            if (count == 8 || piece.Length is 0 or > 4 || !ushort.TryParse(piece, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out groups[count]))
            {
                return false;
            }

            count++;
            at += piece.Length;
            if (at == text.Length)
            {
                break;
            }

            at++;
            if (at == text.Length)
            {
                return false;
            }

            if (text[at] == ':')
            {
                if (gap >= 0)
                {
                    return false;
                }

                gap = count;
                at++;
            }
        }

        return TryAssemble(groups, count, gap, out address);
    }

    private static bool TryAppend(Span<ushort> groups, ref int count, uint tail)
    {
        groups[count++] = (ushort)(tail >> 16);
        groups[count++] = (ushort)tail;
        return true;
    }

    private static bool TryAssemble(ReadOnlySpan<ushort> groups, int count, int gap, out IpAddress address)
    {
        address = default;
        if (gap < 0 ? count != 8 : count > 7)
        {
            return false;
        }

        Span<ushort> all = stackalloc ushort[8];
        all.Clear();
        int head = gap < 0 ? 8 : gap;
        groups[..head].CopyTo(all);
        groups[head..count].CopyTo(all[(8 - (count - head))..]);
        ulong high = 0, low = 0;
        for (int i = 0; i < 4; i++)
        {
            high = (high << 16) | all[i];
            low = (low << 16) | all[4 + i];
        }

        address = new IpAddress(high, low);
        return true;
    }
}
