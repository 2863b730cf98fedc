using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Ambient.Component.Tests.Redirection;

/// <summary>An interface and a kind of frames (<c>sockaddr_ll</c>); index 0 means every interface.</summary>
internal sealed class FrameEndPoint(int interfaceIndex, ushort kind) : EndPoint
{
    public const ushort All = 3;

    private const int Length = 20;

    public override AddressFamily AddressFamily => AddressFamily.Packet;

    public override SocketAddress Serialize()
    {
        var address = new SocketAddress(AddressFamily.Packet, Length);
        BinaryPrimitives.WriteUInt16BigEndian(address.Buffer.Span[2..], kind);
        BinaryPrimitives.WriteInt32LittleEndian(address.Buffer.Span[4..], interfaceIndex);
        return address;
    }

    public override EndPoint Create(SocketAddress socketAddress) => this;
}
