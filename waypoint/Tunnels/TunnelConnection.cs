using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Tls.Verification;
using Ambient.Waypoint.Crossings;

namespace Ambient.Waypoint.Tunnels;

/// <summary>A caller's HBONE connection; each CONNECT becomes an <see cref="InboundTunnel"/>. Loop-affine.</summary>
internal sealed class TunnelConnection : SessionOwner
{
    private static readonly HboneSettings Settings = new() { MaxConcurrentStreams = 100 };

    private readonly WaypointLoop _loop;
    private readonly IpPort _peer;
    private Session? _session;

    private TunnelConnection(WaypointLoop loop, SocketAddress peer)
    {
        _loop = loop;
        Span<byte> bytes = stackalloc byte[16];
        _peer = new IpPort(IpAddress.From(bytes[..peer.WriteAddressBytes(bytes)]), peer.Port);
    }

    /// <summary>Its tunnels.</summary>
    public HashSet<InboundTunnel> Tunnels { get; } = [];

    /// <summary>Takes an accepted socket.</summary>
    public static void Begin(WaypointLoop loop, int fd, SocketAddress peer)
    {
        if (loop.Tls is not { } tls || loop.IsDraining)
        {
            SocketIo.CloseWithReset(fd);
            return;
        }

        TunnelConnection connection = new(loop, peer);
        try
        {
            connection._session = Session.Accept(loop.Loop, Settings, tls, new PeerRequirement.SameTrustDomain(loop.Identity.TrustDomain), fd, connection);
            loop.Connections.Add(connection);
        }
        catch (LinuxException)
        {
            // The session has closed the descriptor.
        }
    }

    /// <summary>No new tunnels; requests that are under way finish.</summary>
    public void Drain()
    {
        if (_session is { } session)
        {
            _loop.TellAll([session], static session => session.Drain());
        }

        _loop.TellAll(Tunnels, static tunnel => tunnel.Drain());
    }

    /// <inheritdoc/>
    public override void OnConnect(Session session, TunnelStream stream, ConnectRequest request)
    {
        if (_loop.Options.IsEastWest)
        {
            new NetworkCrossing(_loop, stream, request, _peer, session.Peer?.Identity).Begin();
            return;
        }

        if (_loop.Callers.IsAwaited(_peer.Address))
        {
            Later(session, stream, request);
            return;
        }

        Serve(session, stream, request);
    }

    private void Later(Session session, TunnelStream stream, ConnectRequest request) => _loop.Callers.Await(_peer.Address, () =>
    {
        if (!stream.IsClosed)
        {
            Serve(session, stream, request);
        }
    });

    private void Serve(Session session, TunnelStream stream, ConnectRequest request)
    {
        if (TryServe(session, stream, request))
        {
            return;
        }

        EarlyCaller? early = TunnelTarget.MayCome(request.Authority, _loop.Options.Network, _loop.Configuration, _loop.View)
            ? _loop.Early.Add(() => TryServe(session, stream, request), () => Refuse(session, stream, request))
            : null;
        stream.Tag = early;
        if (early is null)
        {
            Refuse(session, stream, request);
        }
        else
        {
            _loop.AccessLog.Early(_peer, request.Authority, session.Peer?.Identity);
        }
    }

    /// <inheritdoc/>
    public override void OnAbandoned(Session session, TunnelStream stream, in StreamClosure closure) => (stream.Tag as EarlyCaller)?.Leave();

    /// <inheritdoc/>
    public override void OnClosed(Session session, CloseReason reason, string detail)
    {
        _loop.Connections.Remove(this);
        _loop.OnConnectionGone();
    }

    private bool TryServe(Session session, TunnelStream stream, ConnectRequest request)
    {
        if (!TunnelTarget.TryFind(request.Authority, _loop.Options.Network, session.Peer?.Identity?.Namespace, _loop.Configuration, _loop.View, out TunnelTarget? target))
        {
            return false;
        }

        stream.Tag = null;
        new InboundTunnel(_loop, Tunnels, target.Served, _peer, target.Address, request.Authority, session.Peer?.Identity) { Dialled = target.Dialled }.Begin(stream);
        return true;
    }

    // Nothing is ever passed through to an address that is not served here.
    private void Refuse(Session session, TunnelStream stream, ConnectRequest request)
    {
        _loop.AccessLog.Unserved(_peer, request.Authority, session.Peer?.Identity);
        stream.Refuse(404);
    }
}
