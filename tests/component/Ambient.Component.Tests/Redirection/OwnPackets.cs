using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Ambient.Linux.Namespaces;

namespace Ambient.Component.Tests.Redirection;

/// <summary>Packets and frames that an application with CAP_NET_RAW makes itself, and captures of what passes.</summary>
internal static class OwnPackets
{
    public const byte Fin = 1, Syn = 2, Rst = 4, Push = 8, Ack = 16;
    public const ushort Ipv4Frame = 0x0800, ArpFrame = 0x0806, VlanFrame = 0x8100, Ipv6Frame = 0x86DD;
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private const int Ipv4Header = 20;
    private const int Ipv6Header = 40;
    private const int TcpHeader = 20;

    public static Socket Frames(NetworkNamespace network, ushort kind = 0)
    {
        Socket socket = network.Run(() => new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)(ushort)IPAddress.HostToNetworkOrder((short)kind)));
        if (kind != 0)
        {
            socket.Bind(new FrameEndPoint(0, kind));
        }

        return socket;
    }

    public static Socket Packets(NetworkNamespace network, uint mark)
    {
        Socket socket = network.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw));
        // Otherwise the kernel waits for the rest of a fragment (IP_NODEFRAG).
        socket.SetRawSocketOption(0, 22, MemoryMarshal.AsBytes([1]));
        if (mark != 0)
        {
            socket.SetRawSocketOption(1, 36, MemoryMarshal.AsBytes([mark]));
        }

        return socket;
    }

    public static int IndexOf(NetworkNamespace network, string name) =>
        network.Run(() => int.Parse(File.ReadAllText("/proc/thread-self/net/dev_mcast").Split('\n').First(l => l.Contains(" " + name + " ", StringComparison.Ordinal)).TrimStart().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>A TCP packet of IPv4 or IPv6, with a payload, and with checksums where the header has one.</summary>
    public static byte[] Packet(IPAddress from, IPAddress to, byte flags, string payload, ushort fragment = 0)
    {
        bool six = from.AddressFamily == AddressFamily.InterNetworkV6;
        int header = six ? Ipv6Header : Ipv4Header;
        byte[] packet = new byte[header + TcpHeader + payload.Length];
        if (six)
        {
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(packet.Length - header));
            (packet[6], packet[7]) = (Tcp, 64);
            from.TryWriteBytes(packet.AsSpan(8), out _);
            to.TryWriteBytes(packet.AsSpan(24), out _);
        }
        else
        {
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), 7);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), fragment);
            (packet[8], packet[9]) = (64, Tcp);
            from.TryWriteBytes(packet.AsSpan(12), out _);
            to.TryWriteBytes(packet.AsSpan(16), out _);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Sum(packet.AsSpan(0, header), 0));
        }

        Span<byte> tcp = packet.AsSpan(header);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, 40001);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], 80);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], 1000);
        (tcp[12], tcp[13], tcp[14]) = (0x50, flags, 0x10);
        Encoding.ASCII.GetBytes(payload, tcp[TcpHeader..]);
        uint pseudo = (uint)(Tcp + tcp.Length);
        ReadOnlySpan<byte> ends = six ? packet.AsSpan(8, 32) : packet.AsSpan(12, 8);
        for (int i = 0; i < ends.Length; i += 2)
        {
            pseudo += BinaryPrimitives.ReadUInt16BigEndian(ends[i..]);
        }

        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], Sum(tcp, pseudo));
        return packet;
    }

    /// <summary>A UDP datagram in a packet of IPv4, without a checksum of its own.</summary>
    public static byte[] Datagram(IPAddress from, IPAddress to, ushort fromPort, ushort toPort, string payload)
    {
        const int udpHeader = 8;
        byte[] packet = Packet(from, to, 0, payload)[..(Ipv4Header + udpHeader + payload.Length)];
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[9] = Udp;
        packet.AsSpan(10, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Sum(packet.AsSpan(0, Ipv4Header), 0));
        Span<byte> udp = packet.AsSpan(Ipv4Header);
        BinaryPrimitives.WriteUInt16BigEndian(udp, fromPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], toPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        udp.Slice(6, 2).Clear();
        Encoding.ASCII.GetBytes(payload, udp[udpHeader..]);
        return packet;
    }

    /// <summary>An Ethernet frame to everybody.</summary>
    public static byte[] Frame(ushort kind, byte[] content) => [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 2, 2, 2, 2, 2, (byte)(kind >> 8), (byte)kind, .. content];

    /// <summary>Lets only those packets through to a capturing socket that bear a mark (SO_ATTACH_FILTER; every capturer may ask for marks).</summary>
    public static void OnlyMarked(Socket capture, uint mark)
    {
        // ld mark; jeq mark ? take : drop
        ulong[] program = GC.AllocateArray<ulong>(4, pinned: true);
        program[0] = Instruction(0x20, 0, 0, unchecked((uint)(-0x1000 + 20)));
        program[1] = Instruction(0x15, 0, 1, mark);
        program[2] = Instruction(0x06, 0, 0, 0xFFFF);
        program[3] = Instruction(0x06, 0, 0, 0);
        byte[] head = new byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(head, (ushort)program.Length);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), Marshal.UnsafeAddrOfPinnedArrayElement(program, 0));
        capture.SetRawSocketOption(1, 26, head);
        GC.KeepAlive(program);

        // What came before the filter is of any kind.
        byte[] buffer = new byte[64];
        while (capture.Poll(0, SelectMode.SelectRead))
        {
            capture.Receive(buffer);
        }
    }

    /// <summary>Everything captured until something with the last text in it, as text.</summary>
    public static async Task<List<string>> CaptureUntilAsync(Socket capture, string last)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var seen = new List<string>();
        byte[] buffer = new byte[4096];
        while (true)
        {
            int length = await capture.ReceiveAsync(buffer, limit.Token);
            seen.Add(Encoding.Latin1.GetString(buffer, 0, length));
            if (seen[^1].Contains(last, StringComparison.Ordinal))
            {
                return seen;
            }
        }
    }

    private static ulong Instruction(ushort code, byte ifTrue, byte ifFalse, uint k) => code | ((ulong)ifTrue << 16) | ((ulong)ifFalse << 24) | ((ulong)k << 32);

    private static ushort Sum(ReadOnlySpan<byte> bytes, uint sum)
    {
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += (uint)(bytes[i] << 8) + (i + 1 < bytes.Length ? bytes[i + 1] : 0u);
        }

        while (sum > 0xFFFF)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
