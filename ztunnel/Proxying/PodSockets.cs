using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Ztunnel.Socks;

namespace Ambient.Ztunnel.Proxying;

/// <summary>The listening sockets of one pod for one loop, bound but not served yet (ztunnel.md 1.6: all are bound before any serves).</summary>
internal sealed record PodSockets(int Inbound, int Passthrough, int Outbound, int? Socks, bool IsTransparent)
{
    private const int Backlog = 1024;

    /// <summary>Binds 15008, 15006, 15001 and, if wanted, 15080 on loopback, in this order; a failure closes what was bound and is thrown with the port's name.</summary>
    public static PodSockets Open(SocketFactory sockets, bool ipv6, bool socks)
    {
        List<int> opened = [];
        bool allTransparent = true;
        try
        {
            foreach (ushort port in (ReadOnlySpan<ushort>)[15008, 15006, 15001])
            {
                SocketAddress address = (ipv6 ? SocketAddress.AnyIPv6 : SocketAddress.AnyIPv4).WithPort(port);
                SysResult listener = sockets.Listen(address, Backlog, out bool transparent);
                opened.Add((int)listener.OrThrow("listen", address.ToString()));
                allTransparent &= transparent;
            }

            if (socks)
            {
                SocketAddress address = SocketAddress.LoopbackIPv4.WithPort(SocksListener.DefaultPort);
                opened.Add((int)sockets.Listen(address, Backlog, out _).OrThrow("listen", address.ToString()));
            }
        }
        catch (LinuxException)
        {
            opened.ForEach(fd => SocketIo.Close(fd));
            throw;
        }

        return new PodSockets(opened[0], opened[1], opened[2], socks ? opened[3] : null, allTransparent);
    }

    /// <summary>Closes sockets that are not served.</summary>
    public void Close()
    {
        SocketIo.Close(Inbound);
        SocketIo.Close(Passthrough);
        SocketIo.Close(Outbound);
        if (Socks is int fd)
        {
            SocketIo.Close(fd);
        }
    }
}
