using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Edges;

/// <summary>Connections of clients outside the mesh. Stateless.</summary>
internal static class EdgeConnection
{
    private static readonly ServedPort NoRequests = EdgeSide.Nothing(PortProtocol.Http);
    private static readonly ServedPort NoConnections = EdgeSide.Nothing(PortProtocol.Tcp);

    /// <summary>Takes an accepted socket of an edge port.</summary>
    public static void Begin(WaypointLoop loop, int fd, SocketAddress peer, EdgePortTable port)
    {
        if (loop.IsDraining || !loop.Edges.HasRoom)
        {
            // Those that there are go on; whoever comes too much is told at once.
            loop.Edges.Refused++;
            SocketIo.CloseWithReset(fd);
            return;
        }

        SocketIo.LocalAddress(fd, out SocketAddress local);
        (IpPort source, IpPort target) = (Address(peer), Address(local));
        EdgeListenerTable? only = OnlyOf(port);
        if (port.Protocol == EdgeProtocol.EdgeTcp && only is not { Broken: null })
        {
            SocketIo.CloseWithReset(fd);
            return;
        }

        bool isProxied = loop.Configuration.Settings.AcceptsProxyProtocol;
        if (isProxied || port.Protocol == EdgeProtocol.EdgeTls)
        {
            EdgeArrival.Begin(loop, fd, port, source, target, isProxied);
            return;
        }

        SocketPipe pipe = new() { Owner = null!, Loop = loop.Loop };
        pipe.Adopt(fd, () => Serve(loop, port.Port, only, pipe, new EdgeClient(source, source), target));
    }

    /// <summary>Finds out what its bytes are, and serves them.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="port">Its port.</param>
    /// <param name="listener">The listener that was chosen; null: each request chooses.</param>
    /// <param name="pipe">Its bytes.</param>
    /// <param name="client">Who is there.</param>
    /// <param name="target">What the client dialled.</param>
    public static void Serve(WaypointLoop loop, ushort port, EdgeListenerTable? listener, Pipe pipe, in EdgeClient client, IpPort target)
    {
        ServedPort? served = listener?.Connections is { } connections ? loop.Configuration.Find(connections, port) ?? NoConnections : NoRequests;
        InboundTunnel tunnel = new(loop, loop.Plain, served, client.Source, target, target.ToString(), client.Identity, pipe)
        {
            Peer = client.Peer,
            Edge = new EdgeSide(port, listener) { Client = client.Certificate },
        };
        tunnel.Facts.ServerName = client.ServerName;
        tunnel.Begin();

        // Its handshake took its time: the listener may demand something else by now.
        tunnel.Judge();
    }

    /// <summary>The listener of a port whose bytes choose none; null where they do.</summary>
    public static EdgeListenerTable? OnlyOf(EdgePortTable port) => port.Protocol == EdgeProtocol.EdgeTcp ? port.Listeners.Find("") : null;

    private static IpPort Address(SocketAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IpPort(IpAddress.From(bytes[..address.WriteAddressBytes(bytes)]), address.Port);
    }
}
