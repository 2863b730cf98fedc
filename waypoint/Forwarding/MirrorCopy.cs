using Ambient.EventLoop;
using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Observation;
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
    /// <param name="loop">The loop.</param>
    /// <param name="configuration">The request's.</param>
    /// <param name="target">Who gets it.</param>
    /// <param name="speaksHttp2">Whether the request would be sent there in HTTP/2.</param>
    /// <param name="head">The request's, as its own endpoint gets it.</param>
    /// <param name="framing">The same of its body.</param>
    public static MirrorCopy? Begin(WaypointLoop loop, WaypointConfiguration configuration, Target target, Func<Target, TrafficPolicy, bool> speaksHttp2, RequestHead head, BodyFraming framing)
    {
        DestinationState destination = loop.Destinations.Get(target.Service, target.Port, target.Subset);
        if (!destination.TryGet(loop.View, configuration.FindDestination(target.Service), out TrafficPolicy policy, out Candidate[] candidates))
        {
            return Lost(loop, target.Service, MirrorLoss.NoEndpoint);
        }

        EndpointTls? tls = loop.EndpointTls.Find(policy);
        if (tls is { Broken: not null } || policy.ProxyProtocol != 0)
        {
            // What must be encrypted is not sent in the clear; and connections that begin with a client's address are that client's alone.
            return Lost(loop, target.Service, policy.ProxyProtocol != 0 ? MirrorLoss.ProxyProtocol : MirrorLoss.BrokenTls);
        }

        if (destination.Choose(candidates, policy, null, null, loop.Random, loop.Loop.NowMilliseconds) is not { } endpoint)
        {
            return Lost(loop, target.Service, MirrorLoss.NoEndpoint);
        }

        MirrorCopy copy = new(loop, framing);
        copy._head.CopyFrom(head);
        TraceContext.Unsample(copy._head.Fields);
        if (!configuration.Settings.NoMirrorSuffix)
        {
            copy._head.Authority = MirrorRule.ShadowAuthority(head.Authority);
        }

        return copy.Start(destination, endpoint, speaksHttp2(target, policy), policy, tls?.For(head.Authority, target.Service.Hostname)) ? copy : Lost(loop, target.Service, MirrorLoss.Overflow);
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
                Lose(MirrorLoss.TooSlow);
                return;
            }

            _client.SendData(data);
        }
        else if (_waiting.Length + data.Length > MaxWaiting || !_waiting.TryAdd(data, loop.Kept))
        {
            Lose(MirrorLoss.TooSlow);
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
    void IResponseSink.OnFailed(UpstreamFailure failure, string? detail)
    {
        if (!_isOver)
        {
            loop.LostMirrors.Count(_destination!.Service, MirrorLoss.Failed);
        }

        Finish();
    }

    /// <inheritdoc/>
    protected override void OnTimer() => Lose(MirrorLoss.TooSlow);

    private static MirrorCopy? Lost(WaypointLoop loop, NamespacedHostname service, MirrorLoss why)
    {
        loop.LostMirrors.Count(service, why);
        return null;
    }

    private void Lose(MirrorLoss why)
    {
        loop.LostMirrors.Count(_destination!.Service, why);
        GiveUp("a copy that is lost");
    }

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
