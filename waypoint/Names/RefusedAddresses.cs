using Ambient.Mesh.Addresses;

namespace Ambient.Waypoint.Names;

/// <summary>
/// Addresses that nobody is led to by a name: the process itself (its admin port has no other lock than loopback), its link and what nobody has. Whoever is at such an
/// address is named by it, in an endpoint. Pure.
/// </summary>
internal static class RefusedAddresses
{
    /// <summary>Whether it leads to this machine, its link, or to many at once.</summary>
    public static bool IsLocal(IpAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        int length = address.WriteBytes(bytes);
        return length == 4 ? IsLocal(bytes[..4]) : IsLocalIPv6(bytes);
    }

    private static bool IsLocal(ReadOnlySpan<byte> bytes) => bytes[0] is 0 or 127 or (>= 224 and < 240) || (bytes[0] == 169 && bytes[1] == 254) || !bytes.ContainsAnyExcept((byte)255);

    // fe80::/10, multicast, and IPv4 in another dress: ::a.b.c.d (with :: and ::1), 64:ff9b::a.b.c.d (RFC 6052), 2002:a.b.c.d:: (RFC 3056).
    private static bool IsLocalIPv6(ReadOnlySpan<byte> bytes) => bytes[0] == 0xff || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80)
        || (!bytes[..12].ContainsAnyExcept((byte)0) && IsLocal(bytes[12..]))
        || (bytes[..12].SequenceEqual((ReadOnlySpan<byte>)[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]) && IsLocal(bytes[12..]))
        || (bytes[0] == 0x20 && bytes[1] == 0x02 && IsLocal(bytes[2..6]));
}
