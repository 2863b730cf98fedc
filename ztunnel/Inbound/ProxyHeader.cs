using System.Buffers.Binary;
using System.Text;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;

namespace Ambient.Ztunnel.Inbound;

/// <summary>
/// The PROXY protocol version 2 header in front of the bytes of an application that asked for it (ztunnel.md 3.9).
/// <code>
/// | signature (12) | 0x21 | family | length (2) | source | destination | ports | TLV 0xD0: SPIFFE URI |
/// </code>
/// </summary>
internal static class ProxyHeader
{
    private const byte VersionAndProxy = 0x21;
    private const byte IdentityTlv = 0xD0;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Writes the header; a fresh socket takes it whole or not at all.</summary>
    public static bool TryWrite(int fd, IpPort source, IpPort destination, SpiffeId? identity)
    {
        byte[] header = Format(source, destination, identity);
        SysResult written = SocketIo.Write(fd, header);
        return written.Value == header.Length;
    }

    /// <summary>
    /// The header's bytes. A header has one family: of two, the IPv4 address is said as IPv6 (<c>::ffff:a.b.c.d</c>), as other proxies do. Upstream says neither (ztunnel.md 3.9), and whoever is behind
    /// it knows nothing of its caller then.
    /// </summary>
    public static byte[] Format(IpPort source, IpPort destination, SpiffeId? identity)
    {
        bool isFour = source.Address.IsIPv4 && destination.Address.IsIPv4;
        int addresses = isFour ? 12 : 36;
        byte[] uri = identity is null ? [] : Encoding.UTF8.GetBytes(identity.ToString());
        int length = addresses + (uri.Length > 0 ? 3 + uri.Length : 0);
        byte[] header = new byte[16 + length];
        Span<byte> at = header;
        Signature.CopyTo(at);
        at[12] = VersionAndProxy;
        at[13] = isFour ? (byte)0x11 : (byte)0x21;
        BinaryPrimitives.WriteUInt16BigEndian(at[14..], (ushort)length);
        at = at[16..];
        at = at[Write(source.Address, isFour, at)..];
        at = at[Write(destination.Address, isFour, at)..];
        BinaryPrimitives.WriteUInt16BigEndian(at, source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(at[2..], destination.Port);
        at = at[4..];

        if (uri.Length > 0)
        {
            at[0] = IdentityTlv;
            BinaryPrimitives.WriteUInt16BigEndian(at[1..], (ushort)uri.Length);
            uri.CopyTo(at[3..]);
        }

        return header;
    }

    private static int Write(IpAddress address, bool isFour, Span<byte> at)
    {
        if (!isFour && address.IsIPv4)
        {
            at[..10].Clear();
            at[10] = at[11] = 0xff;
            return 12 + address.WriteBytes(at[12..]);
        }

        return address.WriteBytes(at);
    }
}
