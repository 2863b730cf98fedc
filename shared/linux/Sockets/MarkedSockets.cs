using System.Net;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Native;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Sockets;

/// <summary>TCP connections of a namespace whose socket bears a mark, asked of the kernel (sock_diag). Thread-safe.</summary>
public static class MarkedSockets
{
    private const uint Ended = (1u << Kernel.TCP_TIME_WAIT) | (1u << Kernel.TCP_CLOSE) | (1u << Kernel.TCP_LISTEN);

    /// <summary>
    /// Both ends, the socket's own first, in any state in which bytes or a FIN may still travel. Null where the kernel cannot be asked; empty for whoever
    /// may not see marks (CAP_NET_ADMIN). Throws <see cref="LinuxException"/>.
    /// </summary>
    public static IReadOnlyList<(IPEndPoint Local, IPEndPoint Remote)>? TryRead(NetworkNamespace network, uint mark, uint mask) =>
        SocketListing.TryRead(network, Kernel.IPPROTO_TCP, ~Ended) is { } sockets
            ? [.. sockets.Where(s => MarkOf(s) is { } found && (found & mask) == mark).Select(s => (SocketListing.LocalOf(s), SocketListing.RemoteOf(s)))]
            : null;

    private static uint? MarkOf(byte[] message)
    {
        var attributes = new NetlinkAttributes(message.AsSpan(SocketListing.MessageLength));
        while (attributes.MoveNext())
        {
            if (attributes.Type == Kernel.INET_DIAG_MARK)
            {
                return attributes.Number;
            }
        }

        return null;
    }
}
