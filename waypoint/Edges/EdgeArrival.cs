using Ambient.EventLoop;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;
using Ambient.Tls.Edges;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Hellos;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Edges;

/// <summary>A connection until it is known whose and what it is: what a proxy in front says of it, and on TLS ports hello, choice of the listener, handshake. All of it has one time limit. Loop-affine.</summary>
internal sealed class EdgeArrival : LoopTimer, IPipeOwner, ILoopFault
{
    private readonly WaypointLoop _loop;
    private readonly EdgePortTable _port;
    private readonly IpPort _peer;
    private IpPort _source;
    private IpPort _target;
    private bool _isProxied;
    private readonly SocketPipe _socket;
    private EdgeSession? _session;
    private Pipe _pipe;
    private EdgeListenerTable? _listener;
    private string _serverName = "";
    private bool _isOver;

    private EdgeArrival(WaypointLoop loop, EdgePortTable port, IpPort source, IpPort target, bool isProxied)
    {
        (_loop, _port, _peer, _source, _target, _isProxied) = (loop, port, source, source, target, isProxied);
        _pipe = _socket = new SocketPipe { Owner = this, Loop = loop.Loop };
    }

    /// <summary>Takes an accepted socket.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="fd">The socket.</param>
    /// <param name="port">The port.</param>
    /// <param name="source">Who has connected.</param>
    /// <param name="target">To what.</param>
    /// <param name="isProxied">Whether that is a proxy, which says first who its client is.</param>
    public static void Begin(WaypointLoop loop, int fd, EdgePortTable port, IpPort source, IpPort target, bool isProxied)
    {
        EdgeArrival arrival = new(loop, port, source, target, isProxied);
        loop.Arrivals.Add(arrival);
        loop.Loop.Timers.Schedule(arrival, loop.Loop.NowMilliseconds + WaitingTimes.ClientArrival);
        arrival._socket.Adopt(fd);
    }

    /// <summary>It is not wanted any more.</summary>
    public void Abort(string detail) => _pipe.Abort(detail);

    /// <inheritdoc/>
    public int OnInput(ReadOnlySpan<byte> bytes)
    {
        if (_isProxied)
        {
            return ReadProxy(bytes);
        }

        switch (ClientHello.Read(bytes, out string serverName))
        {
            case HelloStatus.Incomplete:
                _socket.WaitForMore();
                return 0;
            case HelloStatus.Found:
                _serverName = serverName;
                Choose(serverName);
                return 0;
            default:
                Refuse("no client hello");
                return bytes.Length;
        }
    }

    /// <summary>The handshake is done.</summary>
    public void OnOpened()
    {
        ClientCertificate? certificate = null;
        SpiffeId? identity = null;
        byte[]? der = _session!.PeerCertificate();
        if (der is not null && !ClientCertificate.TryRead(der, out certificate))
        {
            Refuse("the client's certificate cannot be read");
        }
        else if (!_listener!.Tls!.Clients.Allow(certificate))
        {
            Refuse("the client's certificate is none of those that are wanted");
        }
        else if (_listener.Tls.Mesh is not null && !EdgeClient.TryIdentify(certificate, _loop.Identity.TrustDomain, out identity))
        {
            Refuse($"the client's certificate does not name one identity of the trust domain {_loop.Identity.TrustDomain}");
        }
        else
        {
            // What was tolerated is not told to endpoints: nobody has vouched for what it says.
            HandOver(_session.IsPeerVerified ? certificate : null, identity);
        }
    }

    /// <inheritdoc/>
    public void OnInputEnded() => _pipe.Abort("ended before it began");

    /// <inheritdoc/>
    public void OnOutputDrained()
    {
    }

    /// <inheritdoc/>
    public void OnClosed(CloseReason reason, string? detail)
    {
        if (!_isOver && _pipe is SecurePipe)
        {
            _loop.Edges.HandshakeFailures++;
            _loop.AccessLog.EdgeRefused(_source, _port.Port, _serverName, detail ?? reason.ToString());
        }

        End();
    }

    /// <inheritdoc/>
    public void OnFault(Exception exception) => _pipe.Abort(exception.Message);

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        if (_pipe is SecurePipe { HasFailed: true })
        {
            // It was told so and does not leave; closing counts the failure.
            _pipe.Abort("the client did not close");
        }
        else
        {
            Refuse("the handshake took too long");
        }
    }

    private int ReadProxy(ReadOnlySpan<byte> bytes)
    {
        switch (ProxyHeader.Read(bytes, out int length, out IpPort? source, out IpPort? target))
        {
            case HelloStatus.Incomplete:
                _socket.WaitForMore();
                return 0;
            case HelloStatus.Found:
                (_isProxied, _source, _target) = (false, source ?? _source, target ?? _target);
                if (_port.Protocol != EdgeProtocol.EdgeTls)
                {
                    _listener = EdgeConnection.OnlyOf(_port);
                    HandOver(certificate: null, identity: null);
                }

                // What is behind it is offered again, to whoever is the owner now.
                return length;
            default:
                Refuse("no PROXY header");
                return bytes.Length;
        }
    }

    private void Choose(string serverName)
    {
        _listener = _port.Listeners.Find(serverName);
        if (_listener is null)
        {
            Refuse("nobody listens for that server name");
        }
        else if (_listener.Broken is { } broken)
        {
            Refuse($"the listener {_listener.Name} is closed: {broken}");
        }
        else if (_listener.Tls is { } tls)
        {
            if (ContextOf(tls) is not { } context)
            {
                return;
            }

            _session = context.Accept();
            _pipe = new SecurePipe(_session, _loop.Edges.Handshakes) { Owner = this, Loop = _loop.Loop, Carrier = _socket };
            _socket.ResumeInput();
        }
        else
        {
            // Its hello stays where it is, and is the first that the endpoint hears.
            HandOver(certificate: null, identity: null);
            _socket.ResumeInput();
        }
    }

    private EdgeContext? ContextOf(EdgeTermination tls)
    {
        try
        {
            EdgeContext? context = tls.ContextFor(_loop.Tls);
            if (context is null)
            {
                Refuse("there is no certificate of the mesh yet");
            }

            return context;
        }
        catch (TlsException unusable)
        {
            Refuse($"the certificate of the mesh: {unusable.Message}");
            return null;
        }
    }

    private void HandOver(ClientCertificate? certificate, SpiffeId? identity)
    {
        End();
        EdgeClient client = new(_peer, _source) { ServerName = _serverName, Certificate = certificate, Identity = identity };
        EdgeConnection.Serve(_loop, _port.Port, _listener, _pipe, client, _target);
    }

    private void Refuse(string why)
    {
        if (_isOver)
        {
            return;
        }

        _loop.Edges.Refused++;
        _loop.AccessLog.EdgeRefused(_source, _port.Port, _serverName, why);
        End();
        _pipe.Abort(why);
    }

    private void End()
    {
        _isOver = true;
        _loop.Loop.Timers.Cancel(this);
        _loop.Arrivals.Remove(this);
    }
}
