using System.Globalization;

namespace Ambient.Mesh.Addresses;

/// <summary>A network: an address with its host bits cleared, and the number of leading bits that count. Immutable.</summary>
public readonly struct IpPrefix : IEquatable<IpPrefix>
{
    private readonly IpAddress _network;
    private readonly byte _length;

    private IpPrefix(IpAddress network, byte length)
    {
        _network = network;
        _length = length;
    }

    /// <summary>The network's first address.</summary>
    public IpAddress Network => _network;

    /// <summary>0 to 32 for IPv4, 0 to 128 for IPv6.</summary>
    public int Length => _length;

    /// <summary>Whether two prefixes are equal.</summary>
    public static bool operator ==(IpPrefix left, IpPrefix right) => left.Equals(right);

    /// <summary>Whether two prefixes differ.</summary>
    public static bool operator !=(IpPrefix left, IpPrefix right) => !left.Equals(right);

    /// <summary>A prefix of <paramref name="length"/> bits; host bits are cleared (127.0.0.1/24 is 127.0.0.0/24). False when the length is out of range for the family.</summary>
    public static bool TryCreate(IpAddress address, int length, out IpPrefix prefix)
    {
        if (length < 0 || length > address.BitCount)
        {
            prefix = default;
            return false;
        }

        prefix = new IpPrefix(Mask(address, length), (byte)length);
        return true;
    }

    /// <summary>Reads <c>address/length</c>, or an address alone as a prefix of full length.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpPrefix prefix)
    {
        prefix = default;
        int slash = text.IndexOf('/');
        ReadOnlySpan<char> head = slash < 0 ? text : text[..slash];
        if (!IpAddress.TryParse(head, out IpAddress address))
        {
            return false;
        }

        int length = address.BitCount;
        return (slash < 0 || (text.Length - slash <= 4 && int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out length)))
            && TryCreate(address, length, out prefix);
    }

    /// <summary>Reads a prefix, for constants and tests.</summary>
    /// <exception cref="FormatException">Not a prefix.</exception>
    public static IpPrefix Parse(string text) =>
        TryParse(text, out IpPrefix prefix) ? prefix : throw new FormatException($"'{text}' is not an address range.");

    /// <summary>Whether the address lies in this network; never across families.</summary>
    public bool Contains(IpAddress address) => address.IsIPv4 == _network.IsIPv4 && Mask(address, _length) == _network;

    /// <inheritdoc/>
    public bool Equals(IpPrefix other) => _length == other._length && _network == other._network;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IpPrefix other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)(_network.Hash32() ^ ((uint)_length * 0x9E37_79B9));

    /// <summary><c>address/length</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_network}/{_length}");

    internal static IpAddress Mask(IpAddress address, int length)
    {
        if (address.IsIPv4)
        {
            return IpAddress.FromIPv4(length == 0 ? 0 : address.IPv4Bits & (uint.MaxValue << (32 - length)));
        }

        ulong high = length >= 64 ? ulong.MaxValue : length == 0 ? 0 : ulong.MaxValue << (64 - length);
        ulong low = length <= 64 ? 0 : ulong.MaxValue << (128 - length);
        return new IpAddress(address.HighBits & high, address.LowBits & low);
    }
}
