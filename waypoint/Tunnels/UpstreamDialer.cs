using Ambient.Hbone.Headers;
using Ambient.Hbone.Pool;
using Ambient.Hbone.Sessions;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Routing;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Origination;
using Ambient.Tls.Verification;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tunnels;

/// <summary>Opens pipes to endpoints: through HBONE with our own identity, or plain to those outside the mesh. Loop-affine.</summary>
internal class UpstreamDialer(WaypointLoop loop)
{
    private const string FromGateway = "gateway";
    private const string Itself = "the endpoint's address leads to the waypoint itself";

    private readonly TunnelPool _tunnels = new(loop.Loop, new HboneSettings());
    private readonly SocketFactory _sockets = new(null, new SocketOptions { Transparent = TransparentMode.Never });

    /// <summary>A pipe of the right kind, not connected yet; what it begins with waits in it.</summary>
    public virtual Pipe NewPipe(EndpointKey key, IPipeOwner owner, ProxyPreface? preface)
    {
        // Of a captured waypoint its ztunnel makes the tunnel: one of ours inside of that would end nowhere.
        Pipe pipe = key.Identity is null || loop.CapturedPort != 0 ? new SocketPipe { Owner = owner, Loop = loop.Loop } : new TunnelPipe { Owner = owner, Loop = loop.Loop };
        if (preface is not null)
        {
            pipe.Send(preface.Bytes());
        }

        return pipe;
    }

    /// <summary>The same inside of TLS, if any.</summary>
    /// <param name="key">Where.</param>
    /// <param name="owner">Who reads from it.</param>
    /// <param name="preface">What it begins with, before TLS.</param>
    /// <param name="tls">How it is encrypted; null: not by us.</param>
    /// <param name="protocol">What it is going to speak; null for what is none of our business.</param>
    public Pipe NewSecurePipe(EndpointKey key, IPipeOwner owner, ProxyPreface? preface, TlsUse? tls, string? protocol)
    {
        if (tls is not { Settings.Context: { } context })
        {
            // Whoever has settings that cannot be used does not get here.
            return tls is null ? NewPipe(key, owner, preface) : throw new InvalidOperationException("nothing is sent in the clear where TLS is asked for");
        }

        OriginationTarget target = new(tls.ServerName, tls.Settings.NamesFor(tls.ServerName), protocol, key.Text);
        return new SecurePipe(new OriginationSession(context, target)) { Owner = owner, Loop = loop.Loop, Carrier = NewPipe(key, owner, preface) };
    }

    /// <summary>Begins to connect, whatever kind of pipe it is.</summary>
    public void DialSecure(EndpointKey key, Pipe pipe) => Dial(key, pipe is SecurePipe tls ? tls.Carrier : pipe);

    /// <summary>Begins to connect; the owner hears the outcome.</summary>
    public virtual void Dial(EndpointKey key, Pipe pipe)
    {
        if (pipe is SocketPipe plain)
        {
            if (key.Identity is not null && !loop.IsCaptured)
            {
                plain.Refuse("nobody tunnels for this pod any more");
                return;
            }

            if (key.Others.Length > 0)
            {
                DialAny(key, plain);
                return;
            }

            DialPlain(key.Address, plain);
            return;
        }

        TunnelPipe tunnel = (TunnelPipe)pipe;
        IpPort at = key.Far is not null ? key.Address : key.Via ?? key.Address.WithPort(OwnPorts.Hbone);
        if (OwnPorts.Leads(at, loop.CapturedPort))
        {
            tunnel.Endpoint.OnClosed(new StreamClosure(CloseReason.ConnectFailed, default, false, 0, Itself));
            return;
        }

        if (loop.Tls is not { } tls)
        {
            tunnel.Endpoint.OnClosed(new StreamClosure(CloseReason.ConnectFailed, default, false, 0, "there is no certificate"));
            return;
        }

        SocketAddress destination = Address(at);
        if (key.Far is { } far)
        {
            PoolKey crossing = new(loop.Identity, far.Gateway, destination, SocketAddress.AnyIPv4);

            // What has met the routes and policies here meets those of a waypoint there only where it is led to one.
            ConnectRequest outer = new() { Authority = far.Authority, Source = far.IsWaypoint ? FromGateway : CrossingResolver.FromWaypoint };
            ConnectRequest inner = new() { Authority = far.Authority, ForwardedNetwork = loop.Options.Network };
            _tunnels.AcquireNested(crossing, new Opening(_sockets, tls, crossing), outer, far.Members, inner, tunnel.Endpoint);
            return;
        }

        PoolKey pooled = new(loop.Identity, [key.Identity!], destination, SocketAddress.AnyIPv4);
        _tunnels.Acquire(pooled, new Opening(_sockets, tls, pooled), new ConnectRequest { Authority = key.Address.ToString() }, tunnel.Endpoint);
    }

    /// <summary>Begins to connect without a tunnel of our own.</summary>
    public void DialPlain(IpPort address, SocketPipe pipe)
    {
        if (OwnPorts.Leads(address, loop.CapturedPort))
        {
            // Whoever may write endpoints must not reach the admin port by them.
            pipe.Refuse(Itself);
            return;
        }

        pipe.Connect(_sockets, Address(address));
    }

    /// <summary>Begins to connect to whichever of the endpoint's addresses answers first.</summary>
    private void DialAny(EndpointKey key, SocketPipe pipe)
    {
        SocketAddress[] addresses = [.. new[] { key.Address }.Concat(key.Others).Where(address => !OwnPorts.Leads(address, loop.CapturedPort)).Select(Address)];
        if (addresses.Length == 0)
        {
            pipe.Refuse(Itself);
            return;
        }

        pipe.Connect(_sockets, addresses);
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
