using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Routing;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Crossings;

/// <summary>
/// One CONNECT of a caller of another network: the outer tunnel ends here, its bytes are an inner tunnel that goes on to a waypoint or an endpoint unread
/// (control-plane reference 9.11). It is answered once the next hop is there; a hop that cannot be reached is replaced by another. Loop-affine.
/// </summary>
internal sealed class NetworkCrossing : IPipeOwner
{
    private const int MaxTries = 3;
    private readonly WaypointLoop _loop;
    private readonly TunnelStream _stream;
    private readonly ConnectRequest _request;
    private readonly IpPort _source;
    private readonly SpiffeId? _caller;
    private readonly TunnelPipe _client;
    private readonly HashSet<string> _tried = new(StringComparer.Ordinal);
    private Crossing? _way;
    private SocketPipe? _server;
    private bool _isOpen;
    private bool _isInputEnded;
    private bool _isOver;
    private long _received;
    private long _sent;

    /// <param name="loop">The loop.</param>
    /// <param name="stream">The CONNECT.</param>
    /// <param name="request">What it asks for.</param>
    /// <param name="source">The direct peer.</param>
    /// <param name="caller">Who that is, as proved.</param>
    public NetworkCrossing(WaypointLoop loop, TunnelStream stream, ConnectRequest request, IpPort source, SpiffeId? caller)
    {
        (_loop, _stream, _request, _source, _caller) = (loop, stream, request, source, caller);
        _client = new TunnelPipe { Owner = this, Loop = loop.Loop };
    }

    /// <summary>Looks for the next hop and connects to it.</summary>
    public void Begin()
    {
        var query = new CrossingQuery
        {
            Authority = _request.Authority,
            Source = _request.Source,
            Network = _loop.Options.Network,
            IsServed = (service, port) => _loop.Configuration.Find(service, port) is not null,
            Avoided = _tried,
        };
        if (!CrossingResolver.TryResolve(_loop.View, query, _loop.Random, out Crossing? way, out string? error))
        {
            // Nothing is ever passed through to what is not served here.
            Refuse(_tried.Count == 0 ? 404 : 503, error);
            return;
        }

        _way = way;
        _tried.Add(way.Upstream.Uid);
        var side = new ServerSide(this);
        _server = new SocketPipe { Owner = side, Loop = _loop.Loop };
        side.Pipe = _server;
        _loop.Dialer.DialPlain(way.Dial, _server);
    }

    /// <inheritdoc/>
    public void OnOpened()
    {
    }

    /// <inheritdoc/>
    public int OnInput(ReadOnlySpan<byte> bytes)
    {
        if (_isOver)
        {
            return bytes.Length;
        }

        if (_server!.IsFull)
        {
            return 0;
        }

        _received += bytes.Length;
        _server.Send(bytes);
        return bytes.Length;
    }

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        _isInputEnded = true;
        _server?.Finish();
    }

    /// <inheritdoc/>
    public void OnOutputDrained() => _server?.ResumeInput();

    /// <inheritdoc/>
    public void OnClosed(CloseReason reason, string? detail)
    {
        if (reason == CloseReason.Completed && _isInputEnded)
        {
            _server?.Finish();
        }
        else
        {
            _server?.Abort(detail ?? "the caller is gone");
        }

        End(detail);
    }

    private void OnServerOpened()
    {
        _isOpen = true;
        _stream.Accept(_client.Endpoint, new ConnectResponse(200));
    }

    private void OnServerClosed(CloseReason reason, string? detail)
    {
        if (_isOver)
        {
            return;
        }

        if (!_isOpen)
        {
            if (_tried.Count < MaxTries)
            {
                Begin();
            }
            else
            {
                Refuse(503, detail ?? "the next hop cannot be reached");
            }

            return;
        }

        if (reason == CloseReason.Completed)
        {
            _client.Finish();
        }
        else
        {
            _client.Abort(detail ?? "the next hop is gone");
        }

        End(reason == CloseReason.Completed ? null : detail);
    }

    private void Refuse(int status, string why)
    {
        if (!_isOver)
        {
            _stream.Refuse(status);
            End(why);
        }
    }

    private void End(string? problem)
    {
        if (!_isOver)
        {
            _isOver = true;
            _loop.AccessLog.Crossed(_source, _request.Authority, _caller, _way, (_received, _sent), problem);
        }
    }

    /// <summary>The other half: what comes from the next hop. One for each try.</summary>
    private sealed class ServerSide(NetworkCrossing crossing) : IPipeOwner
    {
        public SocketPipe? Pipe { get; set; }

        private bool IsCurrent => crossing._server == Pipe;

        public void OnOpened() => crossing.OnServerOpened();

        public int OnInput(ReadOnlySpan<byte> bytes)
        {
            if (crossing._client.IsFull)
            {
                return 0;
            }

            crossing._sent += bytes.Length;
            crossing._client.Send(bytes);
            return bytes.Length;
        }

        public void OnInputEnded() => crossing._client.Finish();

        public void OnOutputDrained() => crossing._client.ResumeInput();

        public void OnClosed(CloseReason reason, string? detail)
        {
            // One that fails at once has not been handed out yet.
            if (Pipe is null || IsCurrent)
            {
                crossing.OnServerClosed(reason, detail);
            }
        }
    }
}
