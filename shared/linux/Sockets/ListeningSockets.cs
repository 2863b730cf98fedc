using System.Buffers.Binary;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Native;

namespace Ambient.Linux.Sockets;

/// <summary>Sockets of a namespace that wait for peers, asked of the kernel (sock_diag). Thread-safe.</summary>
public static class ListeningSockets
{
    /// <summary>Connections that wait to be accepted, by port; the most of a port's listeners. Null where the kernel cannot be asked. Throws <see cref="LinuxException"/>.</summary>
    public static IReadOnlyDictionary<int, int>? TryRead(NetworkNamespace network) => TryRead(network, Kernel.IPPROTO_TCP, Kernel.TCP_LISTEN);

    /// <summary>Ports of UDP sockets that wait for anybody. Null where the kernel cannot be asked. Throws <see cref="LinuxException"/>.</summary>
    public static IReadOnlyCollection<int>? TryReadUdp(NetworkNamespace network) => TryRead(network, Kernel.IPPROTO_UDP, Kernel.TCP_CLOSE)?.Keys.ToArray();

    private static Dictionary<int, int>? TryRead(NetworkNamespace network, int protocol, int state)
    {
        if (SocketListing.TryRead(network, protocol, 1u << state) is not { } sockets)
        {
            return null;
        }

        Dictionary<int, int> waiting = [];
        foreach (byte[] message in sockets)
        {
            int port = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(SocketListing.LocalPortOffset));
            int queue = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(SocketListing.QueueOffset)));
            waiting[port] = Math.Max(queue, waiting.GetValueOrDefault(port));
        }

        return waiting;
    }
}
