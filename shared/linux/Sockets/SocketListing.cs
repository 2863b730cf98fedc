using System.Buffers.Binary;
using System.Net;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Native;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Sockets;

/// <summary>Asks the kernel for sockets of a namespace in certain states (sock_diag): it looks at those alone, whatever runs on the machine. Thread-safe.</summary>
internal static class SocketListing
{
    /// <summary>
    /// inet_diag_msg: family, state, timer, retransmits (1 each), both ports (2 each), both addresses (16 each), interface (4), cookie (8), expiry, receive
    /// queue, send queue, user, inode (4 each); then attributes.
    /// </summary>
    public const int MessageLength = 72;

    internal const int LocalPortOffset = 4, RemotePortOffset = 6, LocalAddressOffset = 8, RemoteAddressOffset = 24, QueueOffset = 56;

    // inet_diag_req_v2: family, protocol, extensions, padding (1 each), states (4), socket id (48).
    private const int RequestLength = 56;
    private const int StatesOffset = 4;

    /// <summary>What the kernel says of every such socket, of both families; null where it cannot be asked. Throws <see cref="LinuxException"/>.</summary>
    public static IReadOnlyList<byte[]>? TryRead(NetworkNamespace network, int protocol, uint states)
    {
        ArgumentNullException.ThrowIfNull(network);
        List<byte[]> found = [];
        using NetlinkSocket socket = NetlinkSocket.Open(network, Kernel.NETLINK_SOCK_DIAG);
        foreach (int family in (ReadOnlySpan<int>)[Libc.AF_INET, Libc.AF_INET6])
        {
            var writer = new NetlinkWriter();
            byte[] request = new byte[RequestLength];
            request[0] = (byte)family;
            request[1] = (byte)protocol;
            BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(StatesOffset), states);
            writer.Begin(Kernel.SOCK_DIAG_BY_FAMILY, Kernel.NLM_F_REQUEST | Kernel.NLM_F_DUMP);
            writer.Raw(request);
            writer.End();
            NetlinkReply reply = socket.Ask(writer.Written);
            if (reply.Error != Errno.None || reply.Acknowledged == 0 || reply.IsBroken)
            {
                return null;
            }

            found.AddRange(reply.Objects.Where(o => o.Type == Kernel.SOCK_DIAG_BY_FAMILY && o.Body.Length >= MessageLength).Select(o => o.Body));
        }

        return found;
    }

    /// <summary>The socket's own end.</summary>
    public static IPEndPoint LocalOf(ReadOnlySpan<byte> message) => EndOf(message, LocalAddressOffset, LocalPortOffset);

    /// <summary>The other end.</summary>
    public static IPEndPoint RemoteOf(ReadOnlySpan<byte> message) => EndOf(message, RemoteAddressOffset, RemotePortOffset);

    private static IPEndPoint EndOf(ReadOnlySpan<byte> message, int address, int port)
    {
        const int four = 4, six = 16;
        var found = new IPAddress(message.Slice(address, message[0] == Libc.AF_INET ? four : six));
        return new IPEndPoint(found.IsIPv4MappedToIPv6 ? found.MapToIPv4() : found, BinaryPrimitives.ReadUInt16BigEndian(message[port..]));
    }
}
