using System.Buffers.Binary;
using System.Text;
using Ambient.Mesh.Addresses;

namespace Ambient.Waypoint.Pipes;

/// <summary>
/// What a connection to an endpoint begins with when that wants to know the client (PROXY protocol versions 1 and 2): such a connection serves that client alone. Immutable.
/// </summary>
/// <param name="Version">1 or 2.</param>
/// <param name="Source">The client.</param>
/// <param name="Target">What it dialled.</param>
internal sealed record ProxyPreface(uint Version, IpPort Source, IpPort Target)
{
    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>The bytes.</summary>
    public byte[] Bytes() => Version == 1 ? First() : Second();

    // Two families in one header do not exist: then nothing is said but that there was a proxy.
    private bool IsMixed => Source.Address.IsIPv4 != Target.Address.IsIPv4;

    private byte[] First() => Encoding.ASCII.GetBytes(
        IsMixed ? "PROXY UNKNOWN\r\n" : $"PROXY {(Source.Address.IsIPv4 ? "TCP4" : "TCP6")} {Source.Address} {Target.Address} {Source.Port} {Target.Port}\r\n");

    private byte[] Second()
    {
        Span<byte> header = stackalloc byte[16 + 36];
        Signature.CopyTo(header);
        header[12] = 0x21;
        int size = 0;
        if (!IsMixed)
        {
            header[13] = Source.Address.IsIPv4 ? (byte)0x11 : (byte)0x21;
            size = Source.Address.WriteBytes(header[16..]);
            size += Target.Address.WriteBytes(header[(16 + size)..]);
            BinaryPrimitives.WriteUInt16BigEndian(header[(16 + size)..], Source.Port);
            BinaryPrimitives.WriteUInt16BigEndian(header[(18 + size)..], Target.Port);
            size += 4;
        }

        BinaryPrimitives.WriteUInt16BigEndian(header[14..], (ushort)size);
        return header[..(16 + size)].ToArray();
    }
}
