using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Tls.Hellos;
using Ambient.Waypoint.Edges;

namespace Ambient.Waypoint.Tunnels;

/// <summary>
/// What the ztunnel of a captured waypoint says of a caller, before the caller's bytes (waypoint reference 1.4): the PROXY protocol, version 2, with the caller's
/// SPIFFE ID in a field of type 0xD0. Immutable.
/// </summary>
/// <param name="Length">How many bytes it takes.</param>
/// <param name="Source">The caller.</param>
/// <param name="Target">What the caller dialled.</param>
/// <param name="Client">Who the caller has proved to be; null when it came without a tunnel.</param>
internal sealed record CallerHeader(int Length, IpPort Source, IpPort Target, SpiffeId? Client)
{
    private const byte IdentityField = 0xD0;
    private const int FixedSize = 16;
    private const int FamilyOffset = 13;
    private const byte Tcp4 = 0x11;

    /// <summary>Looks at the first bytes. What does not say who called whom is bad, and so is an identity that cannot be read: nobody is taken for somebody else.</summary>
    public static HelloStatus Read(ReadOnlySpan<byte> bytes, out CallerHeader? header)
    {
        header = null;
        HelloStatus status = ProxyHeader.Read(bytes, out int length, out IpPort? source, out IpPort? target);
        if (status != HelloStatus.Found)
        {
            return status;
        }

        // Version 1 has no fields, and ztunnels do not speak it.
        if (bytes[0] != (byte)'\r' || source is not { } from || target is not { } to)
        {
            return HelloStatus.Bad;
        }

        // By the header's word: an IPv4 address that is written as IPv6 takes more room than it has as a value.
        int addresses = bytes[FamilyOffset] == Tcp4 ? 12 : 36;
        if (!TryFindIdentity(bytes[(FixedSize + addresses)..length], out SpiffeId? client))
        {
            return HelloStatus.Bad;
        }

        header = new CallerHeader(length, from, to, client);
        return HelloStatus.Found;
    }

    /// <summary>Whether it is a header that says neither who nor whom, as upstream's ztunnel writes it where one address is IPv4 and the other IPv6.</summary>
    public static bool IsWithoutAddresses(ReadOnlySpan<byte> bytes) => ProxyHeader.Read(bytes, out _, out IpPort? source, out _) == HelloStatus.Found && source is null && bytes[FamilyOffset] == 0;

    // Fields are type (1), length (2), value.
    private static bool TryFindIdentity(ReadOnlySpan<byte> fields, out SpiffeId? client)
    {
        client = null;
        while (fields.Length >= 3)
        {
            int size = BinaryPrimitives.ReadUInt16BigEndian(fields[1..]);
            if (size > fields.Length - 3 || (fields[0] == IdentityField && !TryRead(fields.Slice(3, size), ref client)))
            {
                return false;
            }

            fields = fields[(3 + size)..];
        }

        return fields.Length == 0;
    }

    private static bool TryRead(ReadOnlySpan<byte> text, [NotNullWhen(true)] ref SpiffeId? client)
    {
        // Two of them would leave open who it is.
        if (client is not null || !SpiffeId.TryParse(text, out SpiffeId? read))
        {
            return false;
        }

        client = read;
        return true;
    }
}
