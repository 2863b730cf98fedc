using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Ambient.Telemetry.Logging;

/// <summary>An IP address with port, held by value so that a log line needs no string for it. Immutable.</summary>
public readonly struct LogAddress
{
    private readonly UInt128 _bits;
    private readonly ushort _port;
    private readonly byte _length;

    /// <summary>Makes an address of 4 or 16 bytes in network order; any other length gives the absent address.</summary>
    public LogAddress(ReadOnlySpan<byte> addressBytes, ushort port)
    {
        if (addressBytes.Length is not (4 or 16))
        {
            return;
        }

        _length = (byte)addressBytes.Length;
        _bits = addressBytes.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(addressBytes) : BinaryPrimitives.ReadUInt128BigEndian(addressBytes);
        _port = port;
    }

    /// <summary>Whether there is an address at all; an absent one is left out of the line.</summary>
    public bool IsPresent => _length != 0;

    /// <summary>Writes <c>1.2.3.4:80</c> or <c>[::1]:80</c> and returns the number of bytes; 0 when it does not fit (54 always do) or is absent.</summary>
    public int Format(Span<byte> destination)
    {
        if (!IsPresent || destination.Length < 54)
        {
            return 0;
        }

        int at = 0;
        if (_length == 4)
        {
            uint bits = (uint)_bits;
            for (int shift = 24; shift >= 0; shift -= 8)
            {
                at += Number(destination[at..], (bits >> shift) & 0xFF);
                destination[at++] = (byte)(shift == 0 ? ':' : '.');
            }
        }
        else
        {
            Span<byte> raw = stackalloc byte[16];
            BinaryPrimitives.WriteUInt128BigEndian(raw, _bits);
            destination[at++] = (byte)'[';
            _ = new IPAddress(raw).TryFormat(destination[at..], out int written);
            at += written;
            destination[at++] = (byte)']';
            destination[at++] = (byte)':';
        }

        return at + Number(destination[at..], _port);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[64];
        return System.Text.Encoding.ASCII.GetString(text[..Format(text)]);
    }

    private static int Number(Span<byte> destination, uint value)
    {
        _ = value.TryFormat(destination, out int written, default, CultureInfo.InvariantCulture);
        return written;
    }
}
