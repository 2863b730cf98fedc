using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Proxying;

/// <summary>The listening sockets of one pod for one loop, bound but not served yet (ztunnel.md 1.6: all are bound before any serves).</summary>
internal sealed record PodSockets(int Inbound, int Passthrough, int Outbound, bool IsTransparent)
{
    private const int Backlog = 1024;

    /// <summary>Binds 15008, 15006 and 15001 in this order; a failure closes what was bound and is thrown with the port's name.</summary>
    public static PodSockets Open(SocketFactory sockets, bool ipv6)
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
        }
        catch (LinuxException)
        {
            opened.ForEach(fd => SocketIo.Close(fd));
            throw;
        }

        return new PodSockets(opened[0], opened[1], opened[2], allTransparent);
    }

    /// <summary>Closes sockets that are not served.</summary>
    public void Close()
    {
        SocketIo.Close(Inbound);
        SocketIo.Close(Passthrough);
        SocketIo.Close(Outbound);
    }
}
