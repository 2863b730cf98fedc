using Ambient.Mesh.Identities;
using Ambient.EventLoop;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Pool;
using Ambient.Hbone.Sockets;
using Ambient.Identity.Certificates;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Headers;
using Ambient.Mesh.Routing;
using Ambient.Mesh.Workloads;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;
using Ambient.Ztunnel.Observation;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Relaying;

namespace Ambient.Ztunnel.Outbound;

/// <summary>
/// A connection that an application of the pod opened: it is captured on 15001 and carried to where the model says (ztunnel.md 3.3).
/// Loop-affine.
/// </summary>
/// <remarks>
/// WaitingForWorkload → (Asking) → (Resolving) → WaitingForCertificate → Tunnelling → Relaying, or → Connecting → Relaying for plain TCP; any → Ended.
/// Until it relays, nothing of the application was read: an endpoint that fails before, or leaves the mesh, is replaced by another one of
/// the same Service, and the application notices nothing.
/// </remarks>
internal sealed partial class OutboundConnection : SocketEndpoint, IConnectionOwner, IWorkloadWaiter, IDeadlineOwner, IRelayOwner, ITunnelDialer, ILoopFault
{
    private readonly PodLoop _pod;
    private readonly SocketAddress _peer;
    private OutboundPhase _phase = OutboundPhase.WaitingForWorkload;
    private ConnectionRecord _record = null!;
    private IpPort _target;
    private Workload? _source;
    private ResourceWait? _resources;
    private Destination? _destination;
    private TlsContext? _tls;
    private Deadline? _deadline;
    private AppSocket? _upstream;
    private PlainRelay? _relay;

    public OutboundConnection(PodLoop pod, SocketAddress peer)
    {
        _pod = pod;
        _peer = peer;
    }

    /// <inheritdoc/>
    TlsContext ITunnelDialer.Context => _tls!;

    /// <inheritdoc/>
    PeerRequirement ITunnelDialer.Peer => new PeerRequirement.AnyOf(Expected);

    private IdentitySet Expected => _destination is NestedTunnel nested ? nested.GatewayIdentities : ((Tunnel)_destination!).ExpectedIdentities;

    private IpPort Dial => _destination is NestedTunnel nested ? nested.Dial : ((Tunnel)_destination!).Dial;

    /// <summary>Takes an accepted socket through the steps; returns when there is something to wait for.</summary>
    public void Begin(int fd)
    {
        _pod.ProxyLoop.Traffic.SocketOpened(Reporter.Source);
        Socket.Watch(_pod.Loop, fd);
        if (SocketIo.OriginalDestination(fd, out SocketAddress target).IsError)
        {
            SocketIo.LocalAddress(fd, out target);
        }

        Begin(target);
    }

    /// <summary>Takes an accepted socket whose target is known already (SOCKS).</summary>
    public void Begin(int fd, SocketAddress target)
    {
        _pod.ProxyLoop.Traffic.SocketOpened(Reporter.Source);
        Socket.Watch(_pod.Loop, fd);
        Begin(target);
    }

    private void Begin(SocketAddress target)
    {
        _target = target.ToModel();
        _record = new ConnectionRecord(_pod.ProxyLoop.Traffic, Reporter.Source, _peer.ToModel(), _target, this);
        _pod.Connections.Add(_record);
        FindSource();
    }

    /// <inheritdoc/>
    void IWorkloadWaiter.OnViewChanged()
    {
        if (_phase == OutboundPhase.WaitingForWorkload)
        {
            FindSource();
        }
        else if (_phase is OutboundPhase.Tunnelling or OutboundPhase.Connecting)
        {
            LeaveEndpointThatIsGone();
        }
    }

    /// <inheritdoc/>
    void IDeadlineOwner.OnDeadline()
    {
        if (_phase == OutboundPhase.WaitingForWorkload)
        {
            Resolve();
        }
        else if (_phase == OutboundPhase.Connecting)
        {
            FailAttempt(CloseReason.ConnectTimeout, "io error: deadline has elapsed");
        }
    }

    private void FetchCertificate()
    {
        _phase = OutboundPhase.WaitingForCertificate;
        if (_pod.Context.Certificates.TryGet(_source!.Identity, out WorkloadCertificate? certificate))
        {
            OnCertificate(certificate, null);
        }
        else
        {
            CertificateWait.Begin(_pod, _source.Identity, OnCertificate);
        }
    }

    private void OnCertificate(WorkloadCertificate? certificate, string? error)
    {
        if (_phase != OutboundPhase.WaitingForCertificate)
        {
            return;
        }

        if (certificate is null || !_pod.Context.Tls.TryGet(certificate, out _tls, out error))
        {
            Fail(CloseReason.CertificateUnavailable, $"identity error: {error}");
            return;
        }

        _phase = OutboundPhase.Tunnelling;
        _pod.Wait(this);
        PoolKey key = new(_source!.Identity, Expected, Dial.ToSocket(), _peer);
        if (_destination is NestedTunnel nested)
        {
            _pod.Pool.AcquireNested(key, this, Request(nested.Authority, inner: false), nested.InnerIdentities, Request(nested.Authority, inner: true), this);
        }
        else
        {
            _pod.Pool.Acquire(key, this, Request(((Tunnel)_destination!).Authority, inner: false), this);
        }
    }

    private ConnectRequest Request(string authority, bool inner) => new()
    {
        Authority = authority,
        Baggage = _pod.BaggageOf(_source!),
        Forwarded = Forwarded.Format(_record.Source, _destination!.Intended?.Hostname),
        Traceparent = Traceparent.Create(_pod.ProxyLoop.Random).Text,
        ForwardedNetwork = inner ? _pod.Context.Options.Network : null,
    };

    /// <inheritdoc/>
    SysResult ITunnelDialer.OpenSocket(in PoolKey key)
    {
        SysResult socket = _pod.Sockets.OpenStream(key.Destination.IsIPv4, null);
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

    /// <inheritdoc/>
    public override void OnOpened(in ConnectResponse response)
    {
        _pod.StopWaiting(this);
        _phase = OutboundPhase.Relaying;
        if (_destination is NestedTunnel nested)
        {
            _record.Open(
                Key(Ambient.Mesh.Headers.Baggage.Parse(response.Baggage ?? ""), Stream!.Session.Peer?.Identity),
                nested.Dial,
                nested.Authority,
                TransportProtocol.DoubleHbone);
        }

        Socket.IsReadable = true;
        ResumeReading();
    }

    private void ConnectPlain(IpPort dial)
    {
        SocketAddress address = dial.ToSocket();
        SysResult socket = _pod.Sockets.OpenStream(address.IsIPv4, null);
        if (socket.IsError)
        {
            Fail(CloseReason.OutOfResources, $"io error: {socket}");
            return;
        }

        _phase = OutboundPhase.Connecting;
        _pod.Wait(this);
        SysResult connect = SocketIo.Connect((int)socket.Value, address);
        _upstream = new AppSocket(this);
        _upstream.Watch(_pod.Loop, (int)socket.Value);
        Arm(_pod.Context.Options.ConnectTimeout);
        if (connect.IsError && !connect.Is(Errno.EINPROGRESS))
        {
            FailAttempt(CloseReason.ConnectFailed, $"io error: {connect}");
        }
    }

    /// <inheritdoc/>
    public override void OnSocketEvents(AppSocket socket, PollEvents events)
    {
        if (_relay is not null)
        {
            _relay.OnEvents(socket, events);
        }
        else if (socket == _upstream)
        {
            OnUpstreamConnected();
        }
        else if (Stream is not null && _phase == OutboundPhase.Relaying)
        {
            base.OnSocketEvents(socket, events);
        }
        else if (_phase != OutboundPhase.Ended && (events & PollEvents.Error) != PollEvents.None)
        {
            // The application gave up before there was a path.
            Cut(CloseReason.ClientClosed, "client disconnected before the connection was made");
        }
    }

    private void OnUpstreamConnected()
    {
        if (_phase != OutboundPhase.Connecting)
        {
            return;
        }

        SysResult connected = _upstream!.PendingError();
        if (connected.IsError)
        {
            FailAttempt(CloseReason.ConnectFailed, $"io error: {connected}");
            return;
        }

        Disarm();
        _pod.StopWaiting(this);
        _phase = OutboundPhase.Relaying;
        _relay = new PlainRelay(_pod.Loop, this, Socket, _upstream);
        _relay.Start();
    }

    private void Open(IpPort actual, string? authority, TransportProtocol protocol) =>
        _record.Open(Key(null, null), actual, authority, protocol);

    private TrafficKey Key(Baggage? far, Mesh.Identities.SpiffeId? farIdentity) => new()
    {
        Reporter = Reporter.Source,
        Source = _source,
        SourceIdentity = _destination is Direct ? null : _source?.Identity,
        Destination = _destination!.Upstream,
        DestinationBaggage = far,
        DestinationIdentity = farIdentity ?? _destination.Upstream?.Identity,
        Service = _destination.Intended,
        IsMutualTls = _destination is not Direct,
    };

    /// <inheritdoc/>
    public void Cut(CloseReason reason, string detail)
    {
        if (Stream is { } stream)
        {
            stream.Reset(Hbone.Frames.Http2Error.Cancel, reason, detail);
        }
        else if (_relay is not null)
        {
            _relay.End(reason, detail, reset: true);
        }
        else
        {
            Fail(reason, detail);
        }
    }

    /// <inheritdoc/>
    void ILoopFault.OnFault(Exception exception) => Cut(CloseReason.InternalError, exception.Message);

    private void Fail(CloseReason reason, string? text)
    {
        _upstream?.Close(reset: true);
        Socket.Close(reset: true);
        End(reason, text);
    }

    private void End(CloseReason reason, string? text)
    {
        if (_phase == OutboundPhase.Ended)
        {
            return;
        }

        _phase = OutboundPhase.Ended;
        Disarm();
        _pod.StopWaiting(this);
        _record?.Close(reason, text);
        _pod.ProxyLoop.Traffic.SocketClosed(Reporter.Source);
        _pod.CheckDrained();
    }

    /// <inheritdoc/>
    protected override void OnBytesFromSocket(long bytes) => _record.CountToServer(bytes);

    /// <inheritdoc/>
    protected override void OnBytesToSocket(long bytes) => _record.CountToClient(bytes);

    /// <inheritdoc/>
    void IRelayOwner.OnToServer(long bytes) => _record.CountToServer(bytes);

    /// <inheritdoc/>
    void IRelayOwner.OnToClient(long bytes) => _record.CountToClient(bytes);

    /// <inheritdoc/>
    void IRelayOwner.OnRelayEnded(CloseReason reason, string? detail) => End(reason, detail);

    private void Arm(TimeSpan limit) => _pod.Loop.Timers.Schedule(_deadline ??= new Deadline(this), _pod.Loop.NowMilliseconds + (long)limit.TotalMilliseconds);

    private void Disarm()
    {
        if (_deadline is not null)
        {
            _pod.Loop.Timers.Cancel(_deadline);
            _deadline = null;
        }
    }
}
