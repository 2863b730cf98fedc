using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tunnels;

/// <summary>Connections without a tunnel, whose callers prove nothing: each meets the routes that its listener names. Stateless.</summary>
internal static class PlainConnection
{
    /// <summary>Takes an accepted socket of a listener.</summary>
    public static void Begin(WaypointLoop loop, int fd, SocketAddress peer, Listener listener)
    {
        if (loop.IsDraining || loop.Configuration.Find(new NamespacedHostname(listener.Namespace, listener.Hostname), (ushort)listener.ServicePort) is not { } served)
        {
            SocketIo.CloseWithReset(fd);
            return;
        }

        SocketIo.LocalAddress(fd, out SocketAddress local);
        IpPort target = Address(local);
        SocketPipe pipe = new() { Owner = null!, Loop = loop.Loop };
        pipe.Adopt(fd, () => new InboundTunnel(loop, loop.Plain, served, Address(peer), target, target.ToString(), null, pipe).Begin());
    }

    private static IpPort Address(SocketAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IpPort(IpAddress.From(bytes[..address.WriteAddressBytes(bytes)]), address.Port);
    }
}
