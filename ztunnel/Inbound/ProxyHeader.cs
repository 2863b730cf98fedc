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

    /// <summary>The header's bytes. Addresses of different families cannot be said: the family is then unspecified.</summary>
    public static byte[] Format(IpPort source, IpPort destination, SpiffeId? identity)
    {
        bool same = source.Address.IsSameFamily(destination.Address);
        int addresses = !same ? 0 : source.Address.IsIPv4 ? 12 : 36;
        byte[] uri = identity is null ? [] : Encoding.UTF8.GetBytes(identity.ToString());
        int length = addresses + (uri.Length > 0 ? 3 + uri.Length : 0);
        byte[] header = new byte[16 + length];
        Span<byte> at = header;
        Signature.CopyTo(at);
        at[12] = VersionAndProxy;
        at[13] = !same ? (byte)0x00 : source.Address.IsIPv4 ? (byte)0x11 : (byte)0x21;
        BinaryPrimitives.WriteUInt16BigEndian(at[14..], (ushort)length);
        at = at[16..];
        if (same)
        {
            at = at[source.Address.WriteBytes(at)..];
            at = at[destination.Address.WriteBytes(at)..];
            BinaryPrimitives.WriteUInt16BigEndian(at, source.Port);
            BinaryPrimitives.WriteUInt16BigEndian(at[2..], destination.Port);
            at = at[4..];
        }

        if (uri.Length > 0)
        {
            at[0] = IdentityTlv;
            BinaryPrimitives.WriteUInt16BigEndian(at[1..], (ushort)uri.Length);
            uri.CopyTo(at[3..]);
        }

        return header;
    }
}
