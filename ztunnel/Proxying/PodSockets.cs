using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Ztunnel.Socks;

namespace Ambient.Ztunnel.Proxying;

/// <summary>The listening sockets of one pod for one loop, bound but not served yet (ztunnel.md 1.6: all are bound before any serves).</summary>
/// <param name="Inbound">15008.</param>
/// <param name="Passthrough">15006; null on ztunnel's own address, where nothing is captured.</param>
/// <param name="Outbound">15001; null as above.</param>
/// <param name="Socks">15080 on loopback, where it is wanted.</param>
/// <param name="IsTransparent">Whether all could be made transparent.</param>
internal sealed record PodSockets(int Inbound, int? Passthrough, int? Outbound, int? Socks, bool IsTransparent)
{
    private const int Backlog = 1024;

    /// <summary>Binds 15008, 15006, 15001 and, if wanted, 15080 on loopback, in this order; a failure closes what was bound and is thrown with the port's name.</summary>
    public static PodSockets Open(SocketFactory sockets, bool ipv6, bool socks)
    {
        SocketAddress any = ipv6 ? SocketAddress.AnyIPv6 : SocketAddress.AnyIPv4;
        List<SocketAddress> addresses = [any.WithPort(15008), any.WithPort(15006), any.WithPort(15001)];
        if (socks)
        {
            addresses.Add(SocketAddress.LoopbackIPv4.WithPort(SocksListener.DefaultPort));
        }

        int[] opened = Open(sockets, addresses, out bool isTransparent);
        return new PodSockets(opened[0], opened[1], opened[2], socks ? opened[3] : null, isTransparent);
    }

    /// <summary>Binds 15008 alone.</summary>
    public static PodSockets OpenInbound(SocketFactory sockets, bool ipv6)
    {
        SocketAddress any = ipv6 ? SocketAddress.AnyIPv6 : SocketAddress.AnyIPv4;
        return new PodSockets(Open(sockets, [any.WithPort(15008)], out bool isTransparent)[0], null, null, null, isTransparent);
    }

    /// <summary>Closes sockets that are not served.</summary>
    public void Close()
    {
        foreach (int? socket in (ReadOnlySpan<int?>)[Inbound, Passthrough, Outbound, Socks])
        {
            if (socket is int fd)
            {
                SocketIo.Close(fd);
            }
        }
    }

    // The port on loopback keeps no sources, so its transparency does not count.
    private static int[] Open(SocketFactory sockets, List<SocketAddress> addresses, out bool areTransparent)
    {
        List<int> opened = [];
        areTransparent = true;
        try
        {
            foreach (SocketAddress address in addresses)
            {
                SysResult listener = sockets.Listen(address, Backlog, out bool transparent);
                opened.Add((int)listener.OrThrow("listen", address.ToString()));
                areTransparent &= transparent || address.IsLoopback;
            }

            return [.. opened];
        }
        catch (LinuxException)
        {
            opened.ForEach(fd => SocketIo.Close(fd));
            throw;
        }
    }
}
