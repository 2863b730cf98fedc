using Ambient.Hbone.Headers;
using Ambient.Hbone.Pool;
using Ambient.Hbone.Sessions;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tunnels;

/// <summary>Opens pipes to endpoints: through HBONE with our own identity, or plain to those outside the mesh. Loop-affine.</summary>
internal class UpstreamDialer(WaypointLoop loop)
{
    private const ushort HbonePort = 15008;

    private readonly TunnelPool _tunnels = new(loop.Loop, new HboneSettings());
    private readonly SocketFactory _sockets = new(null, new SocketOptions { Transparent = TransparentMode.Never });

    public long NowMilliseconds => loop.Loop.NowMilliseconds;

    /// <summary>A pipe of the right kind, not connected yet; what it begins with waits in it.</summary>
    public virtual Pipe NewPipe(EndpointKey key, IPipeOwner owner, ProxyPreface? preface)
    {
        Pipe pipe = key.Identity is null ? new SocketPipe { Owner = owner, Loop = loop.Loop } : new TunnelPipe { Owner = owner, Loop = loop.Loop };
        if (preface is not null)
        {
            pipe.Send(preface.Bytes());
        }

        return pipe;
    }

    /// <summary>Begins to connect; the owner hears the outcome.</summary>
    public virtual void Dial(EndpointKey key, Pipe pipe)
    {
        if (pipe is SocketPipe plain)
        {
            plain.Connect(_sockets, Address(key.Address));
            return;
        }

        TunnelPipe tunnel = (TunnelPipe)pipe;
        if (loop.Tls is not { } tls)
        {
            tunnel.Endpoint.OnClosed(new StreamClosure(CloseReason.ConnectFailed, default, false, 0, "there is no certificate"));
            return;
        }

        SocketAddress destination = Address(key.Address).WithPort(HbonePort);
        PoolKey pooled = new(loop.Identity, [key.Identity!], destination, SocketAddress.AnyIPv4);
        _tunnels.Acquire(pooled, new Opening(_sockets, tls, pooled), new ConnectRequest { Authority = key.Address.ToString() }, tunnel.Endpoint);
    }

    /// <summary>No new tunnels; those there are close when they are empty.</summary>
    public void Drain() => _tunnels.Drain();

    private static SocketAddress Address(IpPort address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return SocketAddress.From(bytes[..address.Address.WriteBytes(bytes)], address.Port);
    }

    private sealed class Opening(SocketFactory sockets, TlsContext tls, PoolKey pooled) : ITunnelDialer
    {
        public TlsContext Context => tls;

        public PeerRequirement Peer => new PeerRequirement.AnyOf(pooled.Expected);

        public SysResult OpenSocket(in PoolKey key)
        {
            SysResult socket = sockets.OpenStream(key.Destination.IsIPv4, null);
            if (socket.IsError)
            {
                return socket;
            }

            SysResult connect = SocketIo.Connect((int)socket.Value, key.Destination);
            if (connect.IsError && !connect.Is(Errno.EINPROGRESS))
            {
                SocketIo.Close((int)socket.Value);
                return connect;
            }

            return socket;
        }
    }
}
