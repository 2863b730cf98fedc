using System.Buffers.Binary;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Native;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Sockets;

/// <summary>Sockets of a namespace that wait for peers, asked of the kernel (sock_diag): it looks at those alone, whatever runs on the machine. Thread-safe.</summary>
public static class ListeningSockets
{
    // inet_diag_req_v2: family, protocol, extensions, padding (1 each), states (4), socket id (48).
    private const int RequestLength = 56;

    // inet_diag_msg: family, state, timer, retransmits (1 each), socket id (48, the port first), expiry, receive queue (4 each), and more.
    private const int PortOffset = 4;
    private const int QueueOffset = 56;

    /// <summary>Connections that wait to be accepted, by port; the most of a port's listeners. Null where the kernel cannot be asked. Throws <see cref="LinuxException"/>.</summary>
    public static IReadOnlyDictionary<int, int>? TryRead(NetworkNamespace network) => TryRead(network, Kernel.IPPROTO_TCP, Kernel.TCP_LISTEN);

    /// <summary>Ports of UDP sockets that wait for anybody. Null where the kernel cannot be asked. Throws <see cref="LinuxException"/>.</summary>
    public static IReadOnlyCollection<int>? TryReadUdp(NetworkNamespace network) => TryRead(network, Kernel.IPPROTO_UDP, Kernel.TCP_CLOSE)?.Keys.ToArray();

    private static Dictionary<int, int>? TryRead(NetworkNamespace network, int protocol, int state)
    {
        ArgumentNullException.ThrowIfNull(network);
        Dictionary<int, int> waiting = [];
        using NetlinkSocket socket = NetlinkSocket.Open(network, Kernel.NETLINK_SOCK_DIAG);
        foreach (int family in (ReadOnlySpan<int>)[Libc.AF_INET, Libc.AF_INET6])
        {
            var writer = new NetlinkWriter();
            byte[] request = new byte[RequestLength];
            request[0] = (byte)family;
            request[1] = (byte)protocol;
            BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(4), 1u << state);
            writer.Begin(Kernel.SOCK_DIAG_BY_FAMILY, Kernel.NLM_F_REQUEST | Kernel.NLM_F_DUMP);
            writer.Raw(request);
            writer.End();
            NetlinkReply reply = socket.Ask(writer.Written);
            if (reply.Error != Errno.None || reply.Acknowledged == 0 || reply.IsBroken)
            {
                return null;
            }

            foreach ((ushort _, byte[] body) in reply.Objects.Where(o => o.Type == Kernel.SOCK_DIAG_BY_FAMILY && o.Body.Length >= QueueOffset + sizeof(uint)))
            {
                int port = BinaryPrimitives.ReadUInt16BigEndian(body.AsSpan(PortOffset));
                int queue = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(QueueOffset)));
                waiting[port] = Math.Max(queue, waiting.GetValueOrDefault(port));
            }
        }

        return waiting;
    }
}
