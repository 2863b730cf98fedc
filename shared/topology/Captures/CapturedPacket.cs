using System.Buffers.Binary;
using System.Net;

namespace Ambient.Topology.Captures;

/// <summary>One Ethernet frame. Immutable.</summary>
public sealed class CapturedPacket
{
    private const int Ethernet = 14;
    private const int Ipv6Header = 40;

    /// <summary>Reads addresses and ports of TCP and UDP over IPv4 and IPv6; anything else keeps only its bytes.</summary>
    public CapturedPacket(ReadOnlyMemory<byte> frame)
    {
        Frame = frame;
        ReadOnlySpan<byte> bytes = frame.Span;
        if (bytes.Length < Ethernet)
        {
            return;
        }

        EtherType = BinaryPrimitives.ReadUInt16BigEndian(bytes[12..]);
        ReadOnlySpan<byte> packet = bytes[Ethernet..];
        if (EtherType == 0x0800 && packet.Length >= 20 && (packet[0] & 15) * 4 is var header && header >= 20 && packet.Length >= header)
        {
            int total = Math.Clamp(BinaryPrimitives.ReadUInt16BigEndian(packet[2..]), header, packet.Length);
            ReadTransport(packet[9], new IPAddress(packet[12..16]), new IPAddress(packet[16..20]), frame.Slice(Ethernet + header, total - header));
        }
        else if (EtherType == 0x86DD && packet.Length >= Ipv6Header)
        {
            ReadTransport(packet[6], new IPAddress(packet[8..24]), new IPAddress(packet[24..40]), frame[(Ethernet + Ipv6Header)..]);
        }
    }

    /// <summary>The whole frame.</summary>
    public ReadOnlyMemory<byte> Frame { get; }

    /// <summary>0x0800 for IPv4, 0x86DD for IPv6.</summary>
    public int EtherType { get; }

    /// <summary>IP protocol number: 6 TCP, 17 UDP; -1 when there is none.</summary>
    public int Protocol { get; private set; } = -1;

    /// <summary>Sender; null when it is neither TCP nor UDP.</summary>
    public IPEndPoint? Source { get; private set; }

    /// <summary>Receiver; null when it is neither TCP nor UDP.</summary>
    public IPEndPoint? Destination { get; private set; }

    /// <summary>What the transport carries.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>Whether either side's port is the one.</summary>
    public bool HasPort(int port) => Source?.Port == port || Destination?.Port == port;

    private void ReadTransport(byte protocol, IPAddress source, IPAddress destination, ReadOnlyMemory<byte> segment)
    {
        Protocol = protocol;
        ReadOnlySpan<byte> bytes = segment.Span;
        int header = protocol switch
        {
            6 when bytes.Length >= 20 => (bytes[12] >> 4) * 4,
            17 when bytes.Length >= 8 => 8,
            _ => 0,
        };
        if (header == 0)
        {
            return;
        }

        Source = new IPEndPoint(source, BinaryPrimitives.ReadUInt16BigEndian(bytes));
        Destination = new IPEndPoint(destination, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
        Payload = header <= segment.Length ? segment[header..] : default;
    }
}
