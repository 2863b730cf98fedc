using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Native;

namespace Ambient.Linux.Sockets;

/// <summary>
/// An IPv4 or IPv6 address with a port. An IPv4-mapped IPv6 address is canonicalised to plain IPv4 (ztunnel.md 1.2), so equal
/// peers compare equal whatever the listener's family. Immutable; the default value is 0.0.0.0:0 of no family (<see cref="IsNone"/>).
/// </summary>
public readonly struct SocketAddress : IEquatable<SocketAddress>
{
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly uint _scope;
    private readonly ushort _port;
    private readonly byte _family;

    private SocketAddress(ulong high, ulong low, uint scope, ushort port, byte family) =>
        (_high, _low, _scope, _port, _family) = (high, low, scope, port, family);

    /// <summary>0.0.0.0:0.</summary>
    public static SocketAddress AnyIPv4 => new(0, 0, 0, 0, 4);

    /// <summary>[::]:0.</summary>
    public static SocketAddress AnyIPv6 => new(0, 0, 0, 0, 6);

    /// <summary>127.0.0.1:0.</summary>
    public static SocketAddress LoopbackIPv4 => new(0, 0x7f000001, 0, 0, 4);

    /// <summary>[::1]:0.</summary>
    public static SocketAddress LoopbackIPv6 => new(0, 1, 0, 0, 6);

    /// <summary>Whether this is the default value, no address at all.</summary>
    public bool IsNone => _family == 0;

    /// <summary>Whether the address is IPv4, also when it came in mapped form.</summary>
    public bool IsIPv4 => _family == 4;

    /// <summary>The port in host order.</summary>
    public ushort Port => _port;

    /// <summary>127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => _family == 4 ? (_low >> 24) == 127 : _high == 0 && _low == 1 && _family == 6;

    /// <summary>0.0.0.0 or ::.</summary>
    public bool IsUnspecified => _high == 0 && _low == 0;

    /// <summary>From 4 or 16 bytes in network order. Other lengths throw: they are a bug of the caller.</summary>
    public static SocketAddress From(ReadOnlySpan<byte> addressBytes, ushort port) => From(addressBytes, port, 0);

    /// <summary>From 4 or 16 bytes in network order, with the scope of a link-local IPv6 address.</summary>
    public static SocketAddress From(ReadOnlySpan<byte> addressBytes, ushort port, uint scope)
    {
        if (addressBytes.Length == 4)
        {
            return new SocketAddress(0, BinaryPrimitives.ReadUInt32BigEndian(addressBytes), 0, port, 4);
        }

        if (addressBytes.Length != 16)
        {
            throw new ArgumentException("An address has 4 or 16 bytes.", nameof(addressBytes));
        }

        ulong high = BinaryPrimitives.ReadUInt64BigEndian(addressBytes);
        ulong low = BinaryPrimitives.ReadUInt64BigEndian(addressBytes[8..]);
        return high == 0 && (low >> 32) == 0xffff
            ? new SocketAddress(0, (uint)low, 0, port, 4)
            : new SocketAddress(high, low, scope, port, 6);
    }

    /// <summary>Parses "1.2.3.4:80" or "[::1]:80".</summary>
    public static bool TryParse(string? text, out SocketAddress address)
    {
        address = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            return false;
        }

        ReadOnlySpan<char> host = text.AsSpan(0, colon);
        bool bracketed = host[0] == '[' && host[^1] == ']' && host.Length > 2;
        if (bracketed)
        {
            host = host[1..^1];
        }

        // IPAddress accepts "1" and "0x7f.1"; a listener setting written that way is a mistake, so four parts are asked for.
        if (!IPAddress.TryParse(host, out IPAddress? parsed)
            || (parsed.AddressFamily == AddressFamily.InterNetworkV6) != bracketed
            || (!bracketed && host.Count('.') != 3))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[16];
        parsed.TryWriteBytes(bytes, out int written);
        uint scope = parsed.AddressFamily == AddressFamily.InterNetworkV6 ? (uint)parsed.ScopeId : 0;
        address = From(bytes[..written], port, scope);
        return true;
    }

    /// <summary>Writes 4 or 16 bytes in network order and returns how many.</summary>
    public int WriteAddressBytes(Span<byte> destination)
    {
        if (_family != 6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
            return 4;
        }

        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        return 16;
    }

    /// <summary>The same address with another port.</summary>
    public SocketAddress WithPort(ushort port) => new(_high, _low, _scope, port, _family);

    /// <summary>Whether the addresses are equal, whatever the ports.</summary>
    public bool HasSameAddress(in SocketAddress other) =>
        _high == other._high && _low == other._low && _family == other._family && _scope == other._scope;

    /// <inheritdoc/>
    public bool Equals(SocketAddress other) => _port == other._port && HasSameAddress(other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SocketAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_high, _low, _port, _family);

    /// <summary>"1.2.3.4:80" or "[::1]:80".</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        int length = WriteAddressBytes(bytes);
        var ip = length == 16 ? new IPAddress(bytes, _scope) : new IPAddress(bytes[..4]);
        return length == 16 ? $"[{ip}]:{_port}" : $"{ip}:{_port}";
    }

    /// <summary>Same address and port.</summary>
    public static bool operator ==(SocketAddress left, SocketAddress right) => left.Equals(right);

    /// <summary>Different address or port.</summary>
    public static bool operator !=(SocketAddress left, SocketAddress right) => !left.Equals(right);

    /// <summary>Writes the sockaddr; returns its length. An IPv4 address is written as mapped IPv6 when the socket is of that family.</summary>
    internal unsafe uint WriteNative(byte* destination, bool asIPv6)
    {
        if (!asIPv6)
        {
            var v4 = (Libc.sockaddr_in*)destination;
            *v4 = default;
            v4->sin_family = Libc.AF_INET;
            v4->sin_port = BinaryPrimitives.ReverseEndianness(_port);
            v4->sin_addr = BinaryPrimitives.ReverseEndianness((uint)_low);
            return (uint)sizeof(Libc.sockaddr_in);
        }

        var v6 = (Libc.sockaddr_in6*)destination;
        *v6 = default;
        v6->sin6_family = Libc.AF_INET6;
        v6->sin6_port = BinaryPrimitives.ReverseEndianness(_port);
        v6->sin6_scope_id = _scope;
        var bytes = new Span<byte>(v6->sin6_addr, 16);
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _high);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], _family == 4 ? 0xffff_0000_0000UL | _low : _low);
        return (uint)sizeof(Libc.sockaddr_in6);
    }

    /// <summary>Reads a sockaddr; anything but IPv4 and IPv6 (or a cut one) is the default value.</summary>
    internal static unsafe SocketAddress ReadNative(byte* source, uint length)
    {
        if (length >= sizeof(Libc.sockaddr_in) && *(ushort*)source == Libc.AF_INET)
        {
            var v4 = (Libc.sockaddr_in*)source;
            return new SocketAddress(0, BinaryPrimitives.ReverseEndianness(v4->sin_addr), 0, BinaryPrimitives.ReverseEndianness(v4->sin_port), 4);
        }

        if (length >= sizeof(Libc.sockaddr_in6) && *(ushort*)source == Libc.AF_INET6)
        {
            var v6 = (Libc.sockaddr_in6*)source;
            return From(new ReadOnlySpan<byte>(v6->sin6_addr, 16), BinaryPrimitives.ReverseEndianness(v6->sin6_port), v6->sin6_scope_id);
        }

        return default;
    }
}
