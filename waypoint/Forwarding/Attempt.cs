using Ambient.EventLoop;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Forwarding;

/// <summary>
/// One try of a request: its endpoint, what is written there, its time limit and its outcome. Whatever comes after its end is not heard by the exchange, so that a try
/// that fails while it is still being written cannot be taken for the one that follows. Loop-affine; used again for other requests once nobody is inside it.
/// </summary>
internal sealed class Attempt : LoopTimer, IResponseSink, ILoopFault
{
    private const int MaxSpare = 1024;

    private readonly WaypointLoop _loop;
    private Exchange? _exchange;
    private DestinationState? _destination;
    private TrafficPolicy? _policy;
    private Candidate? _endpoint;
    private IEndpointRequest? _client;
    private bool _isConnected;
    private int _inside;

    private Attempt(WaypointLoop loop) => _loop = loop;

    /// <summary>Whether its outcome is known, or nobody waits for it any more.</summary>
    public bool IsOver => _exchange is null;

    /// <summary>Whether the request can be written.</summary>
    public bool IsConnected => _isConnected;

    /// <summary>Whether more of the request's body can be taken.</summary>
    public bool CanTakeBody => _isConnected && _client is { IsFull: false };

    /// <inheritdoc/>
    bool IResponseSink.CanTakeResponse => _exchange is not { } exchange || exchange.CanTakeResponse;

    /// <inheritdoc/>
    bool IResponseSink.WantsUpgrade => _exchange?.WantsUpgrade == true;

    /// <summary>One that is free.</summary>
    public static Attempt Take(WaypointLoop loop) => loop.SpareAttempts.TryPop(out Attempt? spare) ? spare : new Attempt(loop);

    /// <summary>Begins: the exchange hears what becomes of it, perhaps before this returns. False when too many wait for a connection; then it is still to be ended.</summary>
    public bool TryBegin(Exchange exchange, DestinationState destination, TrafficPolicy policy, Candidate endpoint, TimeSpan limit, IEndpointPool pool)
    {
        (_exchange, _destination, _policy, _endpoint) = (exchange, destination, policy, endpoint);
        endpoint.State.Begin();
        BeginLimit(limit);
        _client = pool.Take(PoolLimits.Of(policy));
        if (_client is null)
        {
            return false;
        }

        Enter();
        _client.Begin(this);
        Leave();
        return true;
    }

    /// <summary>So long it may take from now on until an answer begins; 0 is no limit, and one that runs goes on.</summary>
    public void BeginLimit(TimeSpan limit)
    {
        if (limit > TimeSpan.Zero && !IsOver && !IsScheduled)
        {
            _loop.Loop.Timers.Schedule(this, _loop.Loop.NowMilliseconds + (long)limit.TotalMilliseconds);
        }
    }

    /// <summary>Writes the head of the request.</summary>
    public void SendHead(RequestHead head, BodyFraming framing, string upgrade) => _client?.SendHead(head, framing, upgrade);

    /// <summary>Writes a part of the body.</summary>
    public void SendData(ReadOnlySpan<byte> data) => _client?.SendData(data);

    /// <summary>The request is whole.</summary>
    public void SendEnd(FieldList? trailers) => _client?.SendEnd(trailers);

    /// <summary>The upgrade was accepted: from now on everything is plain bytes.</summary>
    public void BecomePlain()
    {
        CancelLimit();
        _client?.BecomePlain();
    }

    /// <summary>The exchange can take more of the answer.</summary>
    public void ResumeResponse() => _client?.ResumeResponse();

    /// <summary>An answer has begun: the limit was for that.</summary>
    public void CancelLimit()
    {
        if (IsScheduled)
        {
            _loop.Loop.Timers.Cancel(this);
        }
    }

    /// <summary>What the endpoint is judged by.</summary>
    public void Count(int status, bool isLocal = false)
    {
        if (!IsOver)
        {
            _destination!.Count(_endpoint!, status, _policy!, _loop.Loop.NowMilliseconds, isLocal);
        }
    }

    /// <summary>Its outcome is known.</summary>
    public void End()
    {
        if (IsOver)
        {
            return;
        }

        CancelLimit();
        _endpoint!.State.End();
        (_exchange, _destination, _policy, _endpoint, _client, _isConnected) = (null, null, null, null, null, false);
        GiveBackIfUnused();
    }

    /// <summary>Nobody waits for its outcome: ends what was sent so far.</summary>
    public void Abandon(string detail)
    {
        IEndpointRequest? client = _client;
        End();
        client?.Abandon(detail);
    }

    /// <inheritdoc/>
    public void OnFault(Exception exception) => _exchange?.OnFault(exception);

    /// <inheritdoc/>
    void IResponseSink.OnConnected()
    {
        if (_exchange is { } exchange)
        {
            Enter();
            _isConnected = true;
            exchange.OnConnected(this);
            Leave();
        }
    }

    /// <inheritdoc/>
    void IResponseSink.OnServerDrained() => _exchange?.OnServerDrained();

    /// <inheritdoc/>
    void IResponseSink.OnResponseHead(ResponseHead response, BodyFraming framing)
    {
        if (_exchange is { } exchange)
        {
            Enter();
            exchange.OnResponseHead(this, response, framing);
            Leave();
        }
    }

    /// <inheritdoc/>
    void IResponseSink.OnResponseData(ReadOnlySpan<byte> data)
    {
        if (_exchange is { } exchange)
        {
            Enter();
            exchange.OnResponseData(data);
            Leave();
        }
    }

    /// <inheritdoc/>
    void IResponseSink.OnResponseEnd(FieldList? trailers)
    {
        if (_exchange is { } exchange)
        {
            Enter();
            exchange.OnResponseEnd(trailers);
            Leave();
        }
    }

    /// <inheritdoc/>
    void IResponseSink.OnFailed(UpstreamFailure failure, string? detail)
    {
        if (_exchange is { } exchange)
        {
            Enter();
            exchange.OnFailed(this, failure, detail, _client?.WasStale == true);
            Leave();
        }
    }

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        if (_exchange is { } exchange)
        {
            Enter();
            exchange.OnTryTimeout();
            Leave();
        }
    }

    // Whoever called it looks at it again when the call returns: until then it cannot be another request's.
    private void Enter() => _inside++;

    private void Leave()
    {
        _inside--;
        if (IsOver)
        {
            GiveBackIfUnused();
        }
    }

    private void GiveBackIfUnused()
    {
        if (_inside == 0 && _loop.SpareAttempts.Count < MaxSpare)
        {
            _loop.SpareAttempts.Push(this);
        }
    }
}
