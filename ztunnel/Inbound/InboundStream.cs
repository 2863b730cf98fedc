using Ambient.EventLoop;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Sockets;
using Ambient.Linux;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Headers;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Routing;
using Ambient.Mesh.Workloads;
using Ambient.Ztunnel.Observation;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Relaying;

namespace Ambient.Ztunnel.Inbound;

/// <summary>
/// One CONNECT on the way to the pod's application (ztunnel.md 3.8): resolve, judge, connect from the caller's address, answer, relay.
/// Loop-affine.
/// </summary>
/// <remarks>(Asking) → Connecting → Relaying → Ended; Connecting → Ended. The answer 200 leaves only when the application has accepted.</remarks>
internal sealed class InboundStream : SocketEndpoint, IConnectionOwner, IDeadlineOwner, ILoopFault
{
    private readonly InboundConnection _connection;
    private readonly SpiffeId? _peer;
    private readonly PodLoop _pod;
    private ConnectionRecord _record = null!;
    private Deadline? _deadline;
    private TunnelStream? _waiting;
    private ConnectRequest _request = null!;
    private Workload _local = null!;
    private InboundAccept _accept = null!;
    private ResourceWait? _resources;
    private bool _ended;

    public InboundStream(InboundConnection connection, SpiffeId? peer)
    {
        _connection = connection;
        _peer = peer;
        _pod = connection.Pod;
    }

    /// <summary>Takes the request through the steps; returns when the connect to the application is under way.</summary>
    public void Begin(TunnelStream stream, ConnectRequest request)
    {
        stream.Tag = this;
        _waiting = stream;
        _request = request;
        string? forwardedHost = Forwarded.ParseHost(request.Forwarded);
        _record = new ConnectionRecord(_pod.ProxyLoop.Traffic, Reporter.Destination, _connection.Peer, _connection.Local, this) { ForwardedHost = forwardedHost };
        _pod.Connections.Add(_record);
        _resources = ResourceWait.For(_pod);
        Resolve();
    }

    private void Resolve()
    {
        InboundQuery query = new()
        {
            Local = _pod.FindLocal(),
            LocalName = _pod.Local,
            Connection = _connection.Local.Address,
            Authority = _request.Authority,
            ForwardedHost = _record.ForwardedHost,
            OwnNetwork = _pod.Context.Options.Network,
            IllegalPorts = _pod.Context.Options.IllegalPorts,
            LoopbackApplicationTunnel = _pod.Context.Options.LoopbackApplicationTunnel,
            AskedResources = _resources?.Asked,
        };
        switch (InboundResolver.Resolve(_pod.View, query))
        {
            case InboundAccept accept:
                _local = query.Local!;
                _accept = accept;
                Judge();
                break;
            case InboundRefuse refuse:
                Refuse(refuse.Status, refuse.Reason, refuse.Text);
                break;
            case InboundNeedsResource resource:
                _resources!.Begin(resource.ResourceName, OnResource);
                break;
            default:
                throw new InvalidOperationException("a CONNECT without a decision");
        }
    }

    private void OnResource(string name, bool isAnswered)
    {
        if (_ended)
        {
            return;
        }

        if (isAnswered)
        {
            Resolve();
        }
        else
        {
            Refuse(503, CloseReason.DiscoveryTimeout, $"the control plane did not answer for {name}");
        }
    }

    /// <summary>The stream is gone before it was answered.</summary>
    public void Abandon(in StreamClosure closure)
    {
        _waiting = null;
        Socket.Close(reset: true);
        End(closure.Reason, closure.Detail);
    }

    /// <inheritdoc/>
    void IDeadlineOwner.OnDeadline() => Refuse(503, CloseReason.ConnectTimeout, "connection failed: deadline has elapsed");

    /// <inheritdoc/>
    public void Cut(CloseReason reason, string detail)
    {
        if (Stream is { } stream)
        {
            stream.Reset(Hbone.Frames.Http2Error.Cancel, reason, detail);
        }
        else
        {
            Refuse(CloseReasons.Describe(reason).HttpStatus, reason, detail);
        }
    }

    /// <inheritdoc/>
    void ILoopFault.OnFault(Exception exception) => Cut(CloseReason.InternalError, exception.Message);

    private void Judge()
    {
        _record.Open(Key(), _accept.PolicyDestination, _request.Authority, TransportProtocol.Hbone);
        Verdict verdict = PolicyEngine.Evaluate(_pod.View, _record.Facts, _local);
        PolicyLog.Write(_pod.Context.Log, _pod.Context.Options.PolicyLogLevel, verdict);
        if (!verdict.IsAllowed)
        {
            Refuse(401, CloseReason.PolicyDenied, verdict.Reason);
            return;
        }

        Connect();
    }

    private TrafficKey Key()
    {
        string network = _pod.Context.Options.Network;
        bool viaGateway = _request.ForwardedNetwork is { } origin && !origin.Equals(network, StringComparison.OrdinalIgnoreCase);
        Workload? source = viaGateway ? null : _pod.View.FindWorkload(new NetworkAddress(network, _connection.Peer.Address));
        return new TrafficKey
        {
            Reporter = Reporter.Destination,
            Source = source,
            SourceBaggage = source is null && _pod.Context.Options.ResponseBaggage && _request.Baggage is { } baggage ? Baggage.Parse(baggage) : null,
            SourceIdentity = _peer,
            Destination = _local,
            DestinationIdentity = _local.Identity,
            Service = _accept.Service,
            IsMutualTls = true,
        };
    }

    private void Connect()
    {
        SysResult socket = PodDialer.Connect(_pod, _accept.Connect, _accept.FromLoopback ? null : _connection.Peer, out SysResult connect);
        if (socket.IsError)
        {
            Refuse(503, CloseReason.OutOfResources, $"connection failed: {socket}");
            return;
        }

        Socket.Watch(_pod.Loop, (int)socket.Value);
        _deadline = new Deadline(this);
        _pod.Loop.Timers.Schedule(_deadline, _pod.Loop.NowMilliseconds + (long)_pod.Context.Options.ConnectTimeout.TotalMilliseconds);
        if (connect.IsError && !connect.Is(Errno.EINPROGRESS))
        {
            Refuse(503, CloseReason.ConnectFailed, $"connection failed: {connect}");
        }
    }

    /// <inheritdoc/>
    public override void OnSocketEvents(AppSocket socket, PollEvents events)
    {
        if (Stream is not null)
        {
            base.OnSocketEvents(socket, events);
        }
        else if (_waiting is not null && (events & (PollEvents.Out | PollEvents.Error | PollEvents.HangUp)) != PollEvents.None)
        {
            OnConnected();
        }
    }

    private void OnConnected()
    {
        SysResult connected = Socket.PendingError();
        if (connected.IsError)
        {
            Refuse(503, CloseReason.ConnectFailed, $"connection failed: {connected}");
            return;
        }

        _pod.Loop.Timers.Cancel(_deadline!);
        _deadline = null;
        TunnelStream stream = _waiting!;
        _waiting = null;
        if (_accept.ProxyHeaderDestination is { } destination && !ProxyHeader.TryWrite(Socket.Descriptor, _connection.Peer, destination, _peer))
        {
            stream.Refuse(503);
            Socket.Close(reset: true);
            End(CloseReason.SendFailed, "connection failed: the application did not take the PROXY header");
            return;
        }

        stream.Accept(this, new ConnectResponse(200, _pod.Context.Options.ResponseBaggage ? _pod.BaggageOf(_local) : null));
        ResumeReading();
    }

    private void Refuse(int status, CloseReason reason, string text)
    {
        TunnelStream? stream = _waiting;
        _waiting = null;
        Socket.Close(reset: true);
        stream?.Refuse(status);
        End(reason, text);
    }

    private void End(CloseReason reason, string? text)
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        if (_deadline is not null)
        {
            _pod.Loop.Timers.Cancel(_deadline);
        }

        _record?.Close(reason, text);
        _pod.CheckDrained();
    }

    /// <inheritdoc/>
    protected override void OnEnded(in StreamClosure closure) => End(closure.Reason, closure.Detail);

    /// <inheritdoc/>
    protected override void OnBytesFromSocket(long bytes) => _record.CountToClient(bytes);

    /// <inheritdoc/>
    protected override void OnBytesToSocket(long bytes) => _record.CountToServer(bytes);
}
