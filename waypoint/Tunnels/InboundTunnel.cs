using Ambient.EventLoop;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Tls.Hellos;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Edges;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Http2;
using Ambient.Waypoint.Names;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tcp;

namespace Ambient.Waypoint.Tunnels;

/// <summary>
/// One CONNECT of a caller for a service that is served here: finds out what the bytes are and hands them on. Loop-affine.
/// </summary>
internal sealed class InboundTunnel : LoopTimer, IPipeOwner, ILoopFault
{
    private const long NameMilliseconds = 10_000;
    private const string Outdated = "its listener demands something else of clients now";

    private readonly HashSet<InboundTunnel> _siblings;
    private readonly Pipe _pipe;
    private readonly IpPort _peer;
    private ServedPort _served;
    private IPipeOwner? _inner;
    private bool _isSentAway;
    private IHttpConnection? _http;
    private HashSet<PoolOf>? _ownPools;

    /// <param name="loop">The loop.</param>
    /// <param name="siblings">Those it belongs to while it lives.</param>
    /// <param name="served">Whose routes and policies it meets.</param>
    /// <param name="source">The client.</param>
    /// <param name="target">What was dialled.</param>
    /// <param name="authority">The same as text.</param>
    /// <param name="client">Who calls, as proved; null when nothing was.</param>
    /// <param name="carrier">A connection without a tunnel; null for a tunnel.</param>
    public InboundTunnel(WaypointLoop loop, HashSet<InboundTunnel> siblings, ServedPort served, IpPort source, IpPort target, string authority, SpiffeId? client, Pipe? carrier = null)
    {
        Loop = loop;
        _siblings = siblings;
        _served = served;
        Source = _peer = source;
        Authority = authority;
        Configuration = loop.Configuration;
        Facts = new RequestFacts { Client = client, SourceAddress = source.Address, RemoteAddress = source.Address, DestinationAddress = target.Address, DestinationPort = target.Port };
        Record = new TunnelRecord(this);
        _pipe = carrier ?? new TunnelPipe { Owner = this, Loop = loop.Loop };
        _pipe.Owner = this;
    }

    public WaypointLoop Loop { get; }

    /// <summary>By what it came in from outside the mesh; null: by a tunnel, or by a port that names its service.</summary>
    public EdgeSide? Edge { get; init; }

    /// <summary>How long the client may take; null: as long as it likes.</summary>
    public ClientPace? Pace { get; private set; }

    /// <summary>What holds for the next request.</summary>
    public ServedPort Served => _served;

    /// <summary>The workload that was dialled by its own address; null when a service was dialled.</summary>
    public DialledWorkload? Dialled { get; init; }

    /// <summary>The client, as a proxy in front may have said.</summary>
    public IpPort Source { get; }

    /// <summary>Who has connected: the client, or a proxy in front.</summary>
    public IpPort Peer
    {
        get => _peer;
        init => (_peer, Facts.SourceAddress) = (value, value.Address);
    }

    public string Authority { get; }

    /// <summary>The configuration of <see cref="Served"/>.</summary>
    public WaypointConfiguration Configuration { get; private set; }

    public RequestFacts Facts { get; }

    /// <summary>Whether its first bytes were looked at for a server name.</summary>
    public bool IsHelloSeen { get; set; }

    public TunnelRecord Record { get; }

    public bool IsDraining => Loop.IsDraining;

    /// <summary>What a connection to an endpoint begins with by that policy; null for nothing.</summary>
    public ProxyPreface? PrefaceFor(TrafficPolicy policy) =>
        policy.ProxyProtocol == 0 ? null : new ProxyPreface(policy.ProxyProtocol, Source, new IpPort(Facts.DestinationAddress, Facts.DestinationPort));

    /// <summary>What a target of its routes means here.</summary>
    public DestinationState DestinationOf(Target target) =>
        target.IsOriginal && Dialled is { } dialled ? Loop.Destinations.Get(dialled) : Loop.Destinations.Get(target.Service, target.Port, target.Subset);

    /// <summary>
    /// The endpoints that a request or the connection itself names, where the destination leaves that to them: by the address that was dialled, for the service that was
    /// dialled, or by the host that is asked for. What is to be waited for; null: nothing.
    /// </summary>
    public ResolvedName? Narrow(DestinationState destination, string host, ref Candidate[] candidates)
    {
        switch (destination.Naming)
        {
            case NameResolution.Types.Kind.AsDialled:
                candidates = Edge is null && Dialled is null && Served.Service.Equals(destination.Service) ? destination.At(Facts.DestinationAddress) : [];
                return null;
            case NameResolution.Types.Kind.ByRequest:
                return destination.AtName(host, out candidates);
            default:
                return destination.Awaited;
        }
    }

    /// <summary>The connections to an endpoint that its requests may use. Those that are for one client go when that is gone.</summary>
    public IEndpointPool PoolFor(DestinationState destination, EndpointKey endpoint, bool isHttp2, TrafficPolicy policy, TlsUse? tls)
    {
        PoolOf key = new(destination, endpoint, isHttp2, PrefaceFor(policy), tls);
        if (key.Preface is not null)
        {
            (_ownPools ??= []).Add(key);
        }

        return Loop.ClientsOf(key);
    }

    /// <summary>
    /// What holds for a request that begins now. A service that is no longer served here keeps what it had: its policies stay in force for connections that are open.
    /// </summary>
    public ServedPort Refresh(RequestHead head)
    {
        WaypointConfiguration now = Loop.Configuration;
        if (Edge is not null)
        {
            Configuration = now;
            return Edge.Find(now, head.Authority) ?? _served;
        }

        return Refresh();
    }

    /// <summary>The same for a connection without HTTP.</summary>
    public ServedPort Refresh()
    {
        WaypointConfiguration now = Loop.Configuration;
        if (ReferenceEquals(now, Configuration))
        {
            return _served;
        }

        ServedPort? served = Edge is not null ? Edge.FindConnections(now) : Dialled is null ? now.Find(_served.Service, _served.Table.Port) : now.Workloads;
        if (served is not null)
        {
            _served = served;
            Configuration = now;
        }

        return _served;
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
        Pace = Edge is null ? null : new ClientPace(() => (_http?.Activity ?? (_inner is null ? HttpActivity.Head : HttpActivity.Busy), _http?.Heads ?? 0, _inner is null || _http is not null ? _pipe.Unsent : 0), Loop.Loop.NowMilliseconds);
        switch (Served.Table.Protocol)
        {
            case PortProtocol.Http or PortProtocol.Http2:
                break;
            case PortProtocol.Tls when Facts.ServerName.Length == 0:
            case PortProtocol.Detect:
                // Whoever is to be led by a server name is waited for.
                Loop.Loop.Timers.Schedule(this, Loop.Loop.NowMilliseconds + (Served.Table is { Protocol: PortProtocol.Tls, IsByHost: true } ? NameMilliseconds : (long)Loop.Options.DetectionTime.TotalMilliseconds));
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
            // Nobody has asked for anything yet; what is on its way could not be answered any more.
            _isSentAway = true;
            _pipe.Finish();
        }

        _http?.Drain();
    }

    /// <summary>Policies may be others now, and what a listener demands of its clients: one that was not asked comes again.</summary>
    public void Judge()
    {
        if (Edge?.IsOutdated(Loop.Configuration) != true)
        {
            (_inner as TcpRelay)?.Judge();
        }
        else if (_http is not null)
        {
            _http.Drain();
            if (!IsScheduled)
            {
                // Whoever goes on all the same was never asked for what is demanded now.
                Loop.Loop.Timers.Schedule(this, Loop.Loop.NowMilliseconds + (long)Loop.Options.DrainTime.TotalMilliseconds);
            }
        }
        else
        {
            _pipe.Abort(Outdated);
        }
    }

    /// <summary>The client takes too long over what it does.</summary>
    public void OnLate()
    {
        switch (Pace?.Activity)
        {
            case HttpActivity.Head when _http is not null && _pipe.Unsent == 0:
                _http.OnSlowHead();
                break;
            case HttpActivity.Idle when _http is not null && _pipe.Unsent == 0:
                _http.Drain();
                break;
            default:
                _pipe.Abort("the client takes too long");
                break;
        }
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
        Loop.OnConnectionGone();
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
        if (_inner is null && Served.Table.Protocol == PortProtocol.Tls)
        {
            if (!TryReadHello(bytes))
            {
                return _pipe.IsClosed ? bytes.Length : 0;
            }

            BecomeTcp();
        }
        else if (_inner is null)
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
            IsHelloSeen = true;
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
        else
        {
            _pipe.Abort(Outdated);
        }
    }

    /// <summary>
    /// Looks for the server name that a client asks for; false while more bytes are needed, and when it is refused. What is no TLS has none; what is, and cannot be read here, may be read by the
    /// endpoint, and would meet policies without the name that it finds.
    /// </summary>
    public bool TryReadHello(ReadOnlySpan<byte> bytes)
    {
        switch (ClientHello.Read(bytes, out string name))
        {
            case HelloStatus.Incomplete:
                _pipe.WaitForMore();
                return false;
            case HelloStatus.Found:
                Facts.ServerName = name;
                break;
            case HelloStatus.Bad when ClientHello.BeginsLikeTls(bytes):
                _pipe.Abort("a client hello that cannot be read");
                return false;
            default:
                break;
        }

        IsHelloSeen = true;
        return true;
    }

    private void BecomeSomething()
    {
        if (Served.Table.Protocol is PortProtocol.Detect or PortProtocol.Tls)
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
        if (IsDraining && (http is Http2Server || _isSentAway))
        {
            // A caller in HTTP/2 hears that it may ask somebody else; one in HTTP/1.1, whose bytes are here, is answered once more.
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
