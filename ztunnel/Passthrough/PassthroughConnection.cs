using Ambient.EventLoop;
using Ambient.Hbone.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Routing;
using Ambient.Mesh.Workloads;
using Ambient.Ztunnel.Inbound;
using Ambient.Ztunnel.Observation;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Relaying;

namespace Ambient.Ztunnel.Passthrough;

/// <summary>
/// Plain TCP that reached the pod (15006, ztunnel.md 3.11): judged by the policies without an identity, then relayed to where it was going.
/// Loop-affine.
/// </summary>
internal sealed class PassthroughConnection : IAppSocketOwner, IConnectionOwner, IWorkloadWaiter, IDeadlineOwner, IRelayOwner, ILoopFault
{
    private readonly PodLoop _pod;
    private readonly IpPort _peer;
    private readonly AppSocket _client;
    private ConnectionRecord _record = null!;
    private IpPort _target;
    private AppSocket? _server;
    private PlainRelay? _relay;
    private Deadline? _deadline;
    private bool _ended;

    public PassthroughConnection(PodLoop pod, SocketAddress peer)
    {
        _pod = pod;
        _peer = peer.ToModel();
        _client = new AppSocket(this);
    }

    /// <summary>Takes an accepted socket through the steps.</summary>
    public void Begin(int fd)
    {
        _pod.ProxyLoop.Traffic.SocketOpened(Reporter.Destination);
        _client.Watch(_pod.Loop, fd);
        if (SocketIo.OriginalDestination(fd, out SocketAddress target).IsError)
        {
            SocketIo.LocalAddress(fd, out target);
        }

        _target = target.ToModel();
        _record = new ConnectionRecord(_pod.ProxyLoop.Traffic, Reporter.Destination, _peer, _target, this);
        _pod.Connections.Add(_record);
        FindWorkload();
    }

    /// <inheritdoc/>
    void IWorkloadWaiter.OnViewChanged() => FindWorkload();

    /// <inheritdoc/>
    void IDeadlineOwner.OnDeadline()
    {
        if (_server is null)
        {
            Judge(null);
        }
        else
        {
            Fail(CloseReason.ConnectTimeout, "connection failed: deadline has elapsed");
        }
    }

    private void FindWorkload()
    {
        if (_pod.Context.Options.IllegalPorts.Contains(_target.Port))
        {
            Judge(_pod.FindLocal());
        }
        else if (_pod.FindLocal() is { } local)
        {
            Judge(local);
        }
        else if (_deadline is null)
        {
            _pod.Wait(this);
            Arm(_pod.Context.Options.WorkloadWait);
        }
    }

    private void Judge(Workload? local)
    {
        _pod.StopWaiting(this);
        Disarm();
        if (InboundResolver.RefusePassthrough(local, _pod.Local, _target, _pod.Context.Options.IllegalPorts) is { } refuse)
        {
            Fail(refuse.Reason, refuse.Text);
            return;
        }

        TrafficKey key = new()
        {
            Reporter = Reporter.Destination,
            Source = _pod.View.FindWorkload(new NetworkAddress(_pod.Context.Options.Network, _peer.Address)),
            Destination = local,
            DestinationIdentity = local!.Identity,
            Service = ServiceAttribution.Find(_pod.View, local, null, _target.Port),
        };
        _record.Open(key, _target, null, TransportProtocol.Tcp);
        Verdict verdict = PolicyEngine.Evaluate(_pod.View, _record.Facts, local);
        PolicyLog.Write(_pod.Context.Log, _pod.Context.Options.PolicyLogLevel, verdict);
        if (verdict.IsAllowed)
        {
            Connect();
        }
        else
        {
            Fail(CloseReason.PolicyDenied, verdict.Reason);
        }
    }

    private void Connect()
    {
        SysResult socket = PodDialer.Connect(_pod, _target, _peer, out SysResult connect);
        if (socket.IsError)
        {
            Fail(CloseReason.OutOfResources, $"connection failed: {socket}");
            return;
        }

        _server = new AppSocket(this);
        _server.Watch(_pod.Loop, (int)socket.Value);
        Arm(_pod.Context.Options.ConnectTimeout);
        if (connect.IsError && !connect.Is(Errno.EINPROGRESS))
        {
            Fail(CloseReason.ConnectFailed, $"connection failed: {connect}");
        }
    }

    /// <inheritdoc/>
    public void OnSocketEvents(AppSocket socket, PollEvents events)
    {
        if (_relay is not null)
        {
            _relay.OnEvents(socket, events);
        }
        else if (socket == _server)
        {
            OnConnected();
        }
        else if ((events & PollEvents.Error) != PollEvents.None)
        {
            Fail(CloseReason.ClientClosed, "client disconnected before the connection was made");
        }
    }

    private void OnConnected()
    {
        SysResult connected = _server!.PendingError();
        if (connected.IsError)
        {
            Fail(CloseReason.ConnectFailed, $"connection failed: {connected}");
            return;
        }

        Disarm();
        _relay = new PlainRelay(_pod.Loop, this, _client, _server);
        _relay.Start();
    }

    /// <inheritdoc/>
    public void Cut(CloseReason reason, string detail)
    {
        if (_relay is not null)
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

    private void Fail(CloseReason reason, string text)
    {
        _server?.Close(reset: true);
        _client.Close(reset: true);
        End(reason, text);
    }

    private void End(CloseReason reason, string? text)
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        Disarm();
        _pod.StopWaiting(this);
        _record?.Close(reason, text);
        _pod.ProxyLoop.Traffic.SocketClosed(Reporter.Destination);
        _pod.CheckDrained();
    }

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
