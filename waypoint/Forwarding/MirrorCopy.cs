using Ambient.EventLoop;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Observation.Traces;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Forwarding;

/// <summary>
/// A copy of a request for somebody whose answer nobody waits for (waypoint reference 2.1.2). It never slows the request down: what it cannot take in time is
/// given up. Loop-affine.
/// </summary>
internal sealed class MirrorCopy(WaypointLoop loop, BodyFraming framing) : LoopTimer, IResponseSink
{
    private const int MaxWaiting = 256 * 1024;
    private const int MaxCopies = 1024;

    private readonly RequestHead _head = new();
    private KeptBytes _waiting;
    private IEndpointRequest? _client;
    private Candidate? _endpoint;
    private DestinationState? _destination;
    private FieldList? _trailers;
    private bool _isConnected;
    private bool _isEnded;
    private bool _isOver;

    /// <inheritdoc/>
    bool IResponseSink.CanTakeResponse => true;

    /// <summary>Begins a copy; null when there is nobody to send it to.</summary>
    public static MirrorCopy? Begin(WaypointLoop loop, WaypointConfiguration configuration, MirrorRule rule, RequestHead head, BodyFraming framing)
    {
        DestinationState destination = loop.Destinations.Get(rule.Service, rule.Port, rule.Subset);
        if (!destination.TryGet(loop.View, configuration.FindDestination(rule.Service), out TrafficPolicy policy, out Candidate[] candidates))
        {
            return null;
        }

        EndpointTls? tls = loop.EndpointTls.Find(policy);
        if (tls is { Broken: not null } || policy.ProxyProtocol != 0
            || destination.Choose(candidates, policy, null, null, loop.Random, loop.Loop.NowMilliseconds) is not { } endpoint)
        {
            return null;
        }

        MirrorCopy copy = new(loop, framing);
        copy._head.CopyFrom(head);
        TraceContext.Unsample(copy._head.Fields);
        if (!configuration.Settings.NoMirrorSuffix)
        {
            copy._head.Authority = MirrorRule.ShadowAuthority(head.Authority);
        }

        return copy.Start(destination, endpoint, rule.SpeaksHttp2 || policy.Pool is { UpgradeToHttp2: true }, policy, tls?.For(head.Authority, rule.Service.Hostname)) ? copy : null;
    }

    /// <summary>A part of the request's body.</summary>
    public void Add(ReadOnlySpan<byte> data)
    {
        if (_isOver)
        {
            return;
        }

        if (_isConnected)
        {
            if (_client!.IsFull)
            {
                GiveUp("too slow");
                return;
            }

            _client.SendData(data);
        }
        else if (_waiting.Length + data.Length > MaxWaiting || !_waiting.TryAdd(data, loop.Kept))
        {
            GiveUp("too slow");
        }
    }

    /// <summary>The request is whole.</summary>
    public void End(FieldList? trailers)
    {
        _isEnded = true;
        _trailers = trailers;
        if (_isConnected && !_isOver)
        {
            _client!.SendEnd(trailers);
        }
    }

    /// <summary>The request will not become whole.</summary>
    public void GiveUp(string why)
    {
        IEndpointRequest? client = _client;
        Finish();
        client?.Abandon(why);
    }

    /// <inheritdoc/>
    void IResponseSink.OnConnected()
    {
        // A write may find the connection gone: then the copy is over.
        IEndpointRequest client = _client!;
        _isConnected = true;
        client.SendHead(_head, framing, "");
        client.SendData(_waiting.Memory.Span);
        _waiting.Free(loop.Kept);
        if (!_isOver && (_isEnded || framing.IsEmpty))
        {
            client.SendEnd(_trailers);
        }
    }

    /// <inheritdoc/>
    void IResponseSink.OnServerDrained()
    {
    }

    /// <inheritdoc/>
    void IResponseSink.OnResponseHead(ResponseHead head, BodyFraming responseFraming)
    {
        if (responseFraming.Kind == BodyKind.Upgraded)
        {
            GiveUp("an upgrade that nobody asked for");
        }
    }

    /// <inheritdoc/>
    void IResponseSink.OnResponseData(ReadOnlySpan<byte> data)
    {
    }

    /// <inheritdoc/>
    void IResponseSink.OnResponseEnd(FieldList? trailers) => Finish();

    /// <inheritdoc/>
    void IResponseSink.OnFailed(UpstreamFailure failure, string? detail) => Finish();

    /// <inheritdoc/>
    protected override void OnTimer() => GiveUp("no answer in time");

    private bool Start(DestinationState destination, Candidate endpoint, bool isHttp2, TrafficPolicy policy, TlsUse? tls)
    {
        // A mirror has the limits of any destination, and all of them together one of their own: nobody waits for what they answer.
        if (loop.Mirrors >= MaxCopies || !destination.TryBegin(policy))
        {
            return false;
        }

        if (loop.ClientsOf(new PoolOf(destination, endpoint.Key, isHttp2, null, tls)).Take(PoolLimits.Of(policy)) is not { } client)
        {
            destination.End();
            return false;
        }

        loop.Mirrors++;
        _destination = destination;
        _endpoint = endpoint;
        endpoint.State.Begin();
        loop.Loop.Timers.Schedule(this, loop.Loop.NowMilliseconds + WaitingTimes.Mirror);
        _client = client;
        client.Begin(this);
        return true;
    }

    private void Finish()
    {
        if (!_isOver)
        {
            _isOver = true;
            _client = null;
            _waiting.Free(loop.Kept);
            loop.Loop.Timers.Cancel(this);
            _endpoint?.State.End();
            _destination?.End();
            loop.Mirrors--;
        }
    }
}
