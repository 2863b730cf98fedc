using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Ambient.Mesh.Addresses;

/// <summary>
/// An IPv4 or IPv6 address in 16 bytes. IPv4 is kept as ::ffff:a.b.c.d, which makes a mapped address and its plain form one
/// value: every lookup, policy check and log sees the canonical one (ztunnel.md 1.2). Immutable; <c>default</c> is <c>::</c>.
/// </summary>
public readonly struct IpAddress : IEquatable<IpAddress>
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;
    private readonly ulong _high;
    private readonly ulong _low;

    internal IpAddress(ulong high, ulong low)
    {
        _high = high;
        _low = low;
    }

    /// <summary>127.0.0.1.</summary>
    public static IpAddress LoopbackV4 => FromIPv4(0x7F00_0001);

    /// <summary>::1.</summary>
    public static IpAddress LoopbackV6 => new(0, 1);

    /// <summary>Whether this is an IPv4 address (also one that arrived as IPv4-mapped IPv6).</summary>
    public bool IsIPv4 => _high == 0 && (_low & 0xFFFF_FFFF_0000_0000) == MappedPrefix;

    /// <summary>Whether this is in 127.0.0.0/8, or ::1.</summary>
    public bool IsLoopback => IsIPv4 ? (_low & 0xFF00_0000) == 0x7F00_0000 : _high == 0 && _low == 1;

    /// <summary>Whether this is 0.0.0.0 or ::.</summary>
    public bool IsUnspecified => _high == 0 && (_low == 0 || _low == MappedPrefix);

    /// <summary>4 or 16: the bytes that <see cref="WriteBytes"/> writes.</summary>
    public int ByteCount => IsIPv4 ? 4 : 16;

    /// <summary>32 or 128.</summary>
    public int BitCount => IsIPv4 ? 32 : 128;

    internal uint IPv4Bits => (uint)_low;

    internal ulong HighBits => _high;

    internal ulong LowBits => _low;

    /// <summary>Whether two addresses are equal.</summary>
    public static bool operator ==(IpAddress left, IpAddress right) => left.Equals(right);

    /// <summary>Whether two addresses differ.</summary>
    public static bool operator !=(IpAddress left, IpAddress right) => !left.Equals(right);

    /// <summary>An IPv4 address from its 32 bits, the first octet highest.</summary>
    public static IpAddress FromIPv4(uint bits) => new(0, MappedPrefix | bits);

    /// <summary>An address from 4 or 16 bytes in network order.</summary>
    /// <exception cref="ArgumentException">Another number of bytes.</exception>
    public static IpAddress From(ReadOnlySpan<byte> addressBytes) =>
        TryFrom(addressBytes, out IpAddress address) ? address : throw new ArgumentException($"An address has 4 or 16 bytes, not {addressBytes.Length}.", nameof(addressBytes));

    /// <summary>An address from 4 or 16 bytes in network order; false for any other number of bytes.</summary>
    public static bool TryFrom(ReadOnlySpan<byte> addressBytes, out IpAddress address)
    {
        switch (addressBytes.Length)
        {
            case 4:
                address = FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(addressBytes));
                return true;
            case 16:
                address = new IpAddress(BinaryPrimitives.ReadUInt64BigEndian(addressBytes), BinaryPrimitives.ReadUInt64BigEndian(addressBytes[8..]));
                return true;
            default:
                address = default;
                return false;
        }
    }

    /// <summary>Reads dotted IPv4 (four decimal octets) or IPv6 text (RFC 4291, without zone or brackets).</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpAddress address) => IpAddressText.TryParse(text, out address);

    /// <summary>Reads an address, for constants and tests.</summary>
    /// <exception cref="FormatException">Not an address.</exception>
    public static IpAddress Parse(string text) =>
        TryParse(text, out IpAddress address) ? address : throw new FormatException($"'{text}' is not an IP address.");

    /// <summary>Writes 4 or 16 bytes in network order and returns how many.</summary>
    public int WriteBytes(Span<byte> destination)
    {
        if (IsIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, IPv4Bits);
            return 4;
        }

        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        return 16;
    }

    /// <summary>Whether both are IPv4 or both are IPv6.</summary>
    public bool IsSameFamily(IpAddress other) => IsIPv4 == other.IsIPv4;

    /// <inheritdoc/>
    public bool Equals(IpAddress other) => _high == other._high && _low == other._low;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IpAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Hash32();

    /// <summary>IPv4 before IPv6, then by value.</summary>
    public int CompareTo(IpAddress other)
    {
        int byFamily = other.IsIPv4.CompareTo(IsIPv4);
        if (byFamily != 0)
        {
            return byFamily;
        }

        int byHigh = _high.CompareTo(other._high);
        return byHigh != 0 ? byHigh : _low.CompareTo(other._low);
    }

    /// <summary>The usual text: dotted IPv4, or IPv6 as in RFC 5952.</summary>
    public override string ToString() => IpAddressText.Format(this);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Hash32()
    {
        // A multiply-xor mix: one-to-one for the 32 bits of IPv4, so that no two IPv4 addresses collide.
        ulong mixed = _high == 0 ? 0 : (_high ^ (_high >> 29)) * 0x9E37_79B9_7F4A_7C15;
        ulong high = mixed ^ (_low >> 32);
        uint bits = (uint)_low ^ (uint)(high ^ (high >> 32));
        bits = (bits ^ (bits >> 16)) * 0x85EB_CA6B;
        bits = (bits ^ (bits >> 13)) * 0xC2B2_AE35;
        return bits ^ (bits >> 16);
    }
}
