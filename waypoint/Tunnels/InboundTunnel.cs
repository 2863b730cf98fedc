using Ambient.EventLoop;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Http2;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tcp;

namespace Ambient.Waypoint.Tunnels;

/// <summary>
/// One CONNECT of a caller for a service that is served here: finds out what the bytes are and hands them on. Loop-affine.
/// </summary>
internal sealed class InboundTunnel : LoopTimer, IPipeOwner, ILoopFault
{
    private readonly HashSet<InboundTunnel> _siblings;
    private readonly Pipe _pipe;
    private IPipeOwner? _inner;
    private IHttpConnection? _http;
    private HashSet<PoolOf>? _ownPools;

    /// <param name="loop">The loop.</param>
    /// <param name="siblings">Those it belongs to while it lives.</param>
    /// <param name="served">Whose routes and policies it meets.</param>
    /// <param name="source">The direct peer.</param>
    /// <param name="target">What was dialled.</param>
    /// <param name="authority">The same as text.</param>
    /// <param name="client">Who calls, as proved; null when nothing was.</param>
    /// <param name="carrier">A plain connection; null for a tunnel.</param>
    public InboundTunnel(WaypointLoop loop, HashSet<InboundTunnel> siblings, ServedPort served, IpPort source, IpPort target, string authority, SpiffeId? client, SocketPipe? carrier = null)
    {
        Loop = loop;
        _siblings = siblings;
        Served = served;
        Source = source;
        Authority = authority;
        Configuration = loop.Configuration;
        Facts = new RequestFacts { Client = client, SourceAddress = source.Address, RemoteAddress = source.Address, DestinationAddress = target.Address, DestinationPort = target.Port };
        Record = new TunnelRecord(this);
        _pipe = carrier ?? (Pipe)new TunnelPipe { Owner = this, Loop = loop.Loop };
        _pipe.Owner = this;
    }

    public WaypointLoop Loop { get; }

    /// <summary>What holds for the next request.</summary>
    public ServedPort Served { get; private set; }

    public IpPort Source { get; }

    public string Authority { get; }

    /// <summary>The configuration of <see cref="Served"/>.</summary>
    public WaypointConfiguration Configuration { get; private set; }

    public RequestFacts Facts { get; }

    public TunnelRecord Record { get; }

    public bool IsDraining => Loop.IsDraining;

    /// <summary>What a connection to an endpoint begins with by that policy; null for nothing.</summary>
    public ProxyPreface? PrefaceFor(TrafficPolicy policy) =>
        policy.ProxyProtocol == 0 ? null : new ProxyPreface(policy.ProxyProtocol, Source, new IpPort(Facts.DestinationAddress, Facts.DestinationPort));

    /// <summary>The connections to an endpoint that its requests may use. Those that are for one client go when that is gone.</summary>
    public IEndpointPool PoolFor(DestinationState destination, EndpointKey endpoint, bool isHttp2, TrafficPolicy policy)
    {
        PoolOf key = new(destination, endpoint, isHttp2, PrefaceFor(policy));
        if (key.Preface is not null)
        {
            (_ownPools ??= []).Add(key);
        }

        return Loop.ClientsOf(key);
    }

    /// <summary>
    /// What holds for a request that begins now. A service that is no longer served here keeps what it had: its policies stay in force for connections that are open.
    /// </summary>
    public ServedPort Refresh()
    {
        WaypointConfiguration now = Loop.Configuration;
        if (!ReferenceEquals(now, Configuration) && now.Find(Served.Service, Served.Table.Port) is { } served)
        {
            Served = served;
            Configuration = now;
        }

        return Served;
    }

    /// <summary>Accepts the stream and looks at its bytes.</summary>
    public void Begin(TunnelStream stream)
    {
        Begin();
        stream.Accept(((TunnelPipe)_pipe).Endpoint, new ConnectResponse(200));
    }

    /// <summary>Looks at the bytes of a connection that is there.</summary>
    public void Begin()
    {
        _siblings.Add(this);
        switch (Served.Table.Protocol)
        {
            case PortProtocol.Http or PortProtocol.Http2:
                break;
            case PortProtocol.Detect:
                Loop.Loop.Timers.Schedule(this, Loop.Loop.NowMilliseconds + (long)Loop.Options.DetectionTime.TotalMilliseconds);
                break;
            default:
                BecomeTcp();
                break;
        }
    }

    /// <summary>No further requests.</summary>
    public void Drain()
    {
        if (_inner is null && Served.Table.Protocol is PortProtocol.Http or PortProtocol.Http2)
        {
            // Nobody has asked for anything yet.
            _pipe.Finish();
        }

        _http?.Drain();
    }

    /// <summary>It is over.</summary>
    public void OnEnded(CloseReason reason, string? detail)
    {
        Loop.Loop.Timers.Cancel(this);
        _siblings.Remove(this);
        foreach (PoolOf pool in _ownPools ?? [])
        {
            // Other tunnels of the same caller look the same to an endpoint.
            if (!_siblings.Any(other => other._ownPools?.Contains(pool) == true))
            {
                Loop.Drop(pool);
            }
        }

        _ownPools = null;
    }

    /// <inheritdoc/>
    public void OnFault(Exception exception) => _pipe.Abort(exception.Message);

    /// <inheritdoc/>
    public void OnOpened()
    {
    }

    /// <inheritdoc/>
    public int OnInput(ReadOnlySpan<byte> bytes)
    {
        if (_inner is null)
        {
            switch (Served.Table.Protocol == PortProtocol.Detect ? ProtocolDetector.Look(bytes) : ProtocolDetector.LookForHttp2(bytes))
            {
                case DetectedProtocol.Undecided:
                    // What is there is looked at again when more comes, or when the time is over.
                    _pipe.WaitForMore();
                    return 0;
                case DetectedProtocol.Http1:
                    BecomeHttp(new Http1Server(this, _pipe));
                    break;
                case DetectedProtocol.Http2:
                    BecomeHttp(new Http2Server(this, _pipe));
                    break;
                default:
                    BecomeTcp();
                    break;
            }
        }

        return _inner!.OnInput(bytes);
    }

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        if (_inner is null)
        {
            BecomeSomething();
            _pipe.EndAfterHeld();
            return;
        }

        _inner.OnInputEnded();
    }

    /// <inheritdoc/>
    public void OnOutputDrained() => _inner?.OnOutputDrained();

    /// <inheritdoc/>
    public void OnClosed(CloseReason reason, string? detail)
    {
        if (_inner is null)
        {
            OnEnded(reason, detail);
        }
        else
        {
            _inner.OnClosed(reason, detail);
        }
    }

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        // A client that says nothing waits for the server to begin.
        if (_inner is null)
        {
            BecomeTcp();
            _pipe.ResumeInput();
        }
    }

    private void BecomeSomething()
    {
        if (Served.Table.Protocol == PortProtocol.Detect)
        {
            BecomeTcp();
        }
        else
        {
            BecomeHttp(new Http1Server(this, _pipe));
        }
    }

    private void BecomeHttp(IHttpConnection http)
    {
        Loop.Loop.Timers.Cancel(this);
        _http = http;
        _inner = http;
        if (IsDraining)
        {
            http.Drain();
        }
    }

    private void BecomeTcp()
    {
        Loop.Loop.Timers.Cancel(this);
        TcpRelay relay = new(this, _pipe);
        _inner = relay;
        relay.Begin();
    }
}
