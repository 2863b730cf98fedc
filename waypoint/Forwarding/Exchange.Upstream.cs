using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Observation;

namespace Ambient.Waypoint.Forwarding;

/// <summary>Forwarding: endpoint, connection, tries, limits.</summary>
internal sealed partial class Exchange : IResponseSink
{
    // A request that may be sent again is kept up to here; one that is larger is sent once (waypoint reference 2.1.3 allows 1 MiB).
    private const int MaxReplay = 256 * 1024;

    // They go out without back-pressure, and a request may bring any number of them (RFC 9110 section 15.2).
    private const int MaxInterim = 32;

    private DestinationState? _destination;
    private TrafficPolicy? _policy;
    private Candidate[] _candidates = [];
    private Candidate? _endpoint;
    private IEndpointRequest? _client;
    private HashSet<EndpointKey>? _tried;
    private EndpointKey? _lastTried;
    private ExchangeTimer? _total;
    private ExchangeTimer? _try;
    private ExchangeTimer? _pause;
    private KeptBytes _kept;
    private bool _isReplayable = true;
    private FieldList? _requestTrailers;
    private bool _isRequestEnded;
    private bool _isDelayed;
    private bool _isConnected;
    private bool _isUpgraded;
    private bool _hasStaleRetry = true;
    private int _retries;
    private int _interims;
    private bool _isRetry;
    private ulong? _hash;

    /// <summary>Whether more of the request's body can be taken.</summary>
    public bool CanTakeBody => _isDone || IsHolding || (_client is not null && _isConnected && !_client.IsFull);

    /// <inheritdoc/>
    bool IResponseSink.CanTakeResponse => !server.IsFull;

    private RetryRule? Retry => _route?.Action.Retry;

    /// <summary>A part of the request's body.</summary>
    public void OnRequestData(ReadOnlySpan<byte> data)
    {
        _record.Received(data);
        if (_mirrors is not null)
        {
            foreach (MirrorCopy copy in _mirrors)
            {
                copy.Add(data);
            }
        }

        if (_isDone)
        {
            return;
        }

        if (IsHolding)
        {
            Hold(data);
            return;
        }

        KeepForRetry(data);
        _client?.SendData(data);
    }

    /// <summary>The request is whole.</summary>
    public void OnRequestEnd(FieldList? trailers)
    {
        _isRequestEnded = true;
        _requestTrailers = trailers;
        _mirrors?.ForEach(copy => copy.End(trailers));
        if (!_isDone && IsHolding)
        {
            Ask(isPartial: false);
        }
        else if (!_isDone && _isConnected)
        {
            _client?.SendEnd(trailers);
        }
    }

    /// <summary>The client can take more of the answer.</summary>
    public void OnClientDrained() => _client?.ResumeResponse();

    /// <summary>A limit was reached, or a pause is over.</summary>
    public void OnTimer(ExchangeTimerKind kind)
    {
        switch (kind)
        {
            case ExchangeTimerKind.Pause when _isDelayed:
                _isDelayed = false;
                AfterDelay();
                break;
            case ExchangeTimerKind.Pause:
                Attempt();
                break;
            case ExchangeTimerKind.Total:
                CountTimeout();
                AbandonAttempt("the route's timeout");
                Fail(UpstreamFailure.Timeout, null);
                break;
            default:
                CountTimeout();
                AbandonAttempt("the try's timeout");
                FailOrRetry(UpstreamFailure.TryTimeout, null);
                break;
        }
    }

    /// <inheritdoc/>
    void IResponseSink.OnConnected()
    {
        // A write may find the connection gone, and with that this try is over, perhaps another one begun.
        IEndpointRequest client = _client!;
        _isConnected = true;
        client.SendHead(head, framing, upgrade);
        if (IsCurrent(client) && _kept.Length > 0)
        {
            client.SendData(_kept.Memory.Span);
            if (IsCurrent(client) && (_kept.Length > MaxReplay || (Retry is null && !IsSafe)))
            {
                // Held for an authoriser, and too much to be sent twice.
                FreeReplay();
            }
        }

        if (!IsCurrent(client))
        {
            return;
        }

        if (_isRequestEnded || framing.IsEmpty)
        {
            if (upgrade.Length == 0)
            {
                client.SendEnd(_requestTrailers);
            }
        }
        else
        {
            server.ResumeBody();
        }
    }

    /// <inheritdoc/>
    void IResponseSink.OnServerDrained() => server.ResumeBody();

    /// <inheritdoc/>
    void IResponseSink.OnResponseHead(ResponseHead response, BodyFraming responseFraming)
    {
        if (response.Status < 200 && responseFraming.Kind != BodyKind.Upgraded)
        {
            PassInterim(response);
            return;
        }

        bool isUnasked = responseFraming.Kind == BodyKind.Upgraded && upgrade.Length == 0;
        int grpc = response.Fields.TryGet("grpc-status", out ReadOnlySpan<char> text) && int.TryParse(text, out int status) ? status : -1;
        CountOutcome(isUnasked ? 502 : response.Status);
        if (isUnasked)
        {
            AbandonAttempt("an upgrade that nobody asked for");
            Fail(UpstreamFailure.ProtocolError, null);
            return;
        }

        if (Retry is { } rule && rule.AfterResponse(response.Status, grpc) && !response.Fields.Contains("x-envoy-overloaded") && TryRetry())
        {
            return;
        }

        Pass(response, responseFraming);
    }

    /// <inheritdoc/>
    void IResponseSink.OnResponseData(ReadOnlySpan<byte> data)
    {
        _record.Sent(data);
        server.SendData(data);
    }

    /// <inheritdoc/>
    void IResponseSink.OnResponseEnd(FieldList? trailers)
    {
        if (trailers is not null && trailers.TryGet("grpc-status", out ReadOnlySpan<char> grpc))
        {
            _record.GrpcStatus = PeerLabels.GrpcStatus(grpc);
        }

        if (trailers is not null)
        {
            tunnel.Record.OnTrailers(_record, trailers);
        }

        EndAttempt();
        Done();
        server.SendEnd(trailers);
    }

    /// <inheritdoc/>
    void IResponseSink.OnFailed(UpstreamFailure failure, string? detail)
    {
        bool isStale = _client?.WasStale == true && _hasStaleRetry && IsSafe && _isReplayable;
        if (!isStale && failure != UpstreamFailure.Refused)
        {
            // An endpoint that says good-bye in order has not failed.
            CountOutcome(503, isLocal: true);
        }

        EndAttempt();
        if (_isHeadSent)
        {
            bool isReset = failure is UpstreamFailure.Reset or UpstreamFailure.Refused;
            _record.Flags |= isReset ? ResponseFlags.UpstreamReset : ResponseFlags.UpstreamClosed;
            _record.Details = isReset ? "upstream_reset_after_response_started{remote_reset}" : "upstream_reset_after_response_started{connection_termination}";
            server.Reset("the endpoint ended in the middle of its answer");
            Done();
            return;
        }

        if (isStale)
        {
            // The endpoint closed a kept connection while this request was on its way: it never saw it (RFC 9110 section 9.2.2).
            _hasStaleRetry = false;
            Attempt();
            return;
        }

        FailOrRetry(failure, detail);
    }

    // An upgrade is something of HTTP/1.1 alone.
    private bool SpeaksHttp2 => upgrade.Length == 0 && _target!.SpeaksHttp2(_policy!.Pool, server.Protocol == "HTTP/2");

    private bool IsSafe => head.Method is "GET" or "HEAD" or "OPTIONS" or "PUT" or "DELETE" or "TRACE";

    private void Forward(NamespacedHostname service, ushort port, string subset)
    {
        _destination = tunnel.Loop.Destinations.Get(service, port, subset);
        _record.Cluster = _destination.Name;
        DestinationSettings? settings = _configuration.FindDestination(service);
        if (service.Namespace.Length == 0 || !_destination.TryGet(tunnel.Loop.View, settings, out _policy, out _candidates))
        {
            _destination = null;
            Answer(new LocalAnswer(503, "", ResponseFlags.NoCluster, "cluster_not_found"));
            return;
        }

        if (_policy.Tls is not null)
        {
            // Not built yet: what must be encrypted is not sent in the clear.
            _destination = null;
            Answer(new LocalAnswer(503, "", ResponseFlags.UpstreamFailure, "upstream_tls_not_supported"));
            return;
        }

        if (!_destination.TryBegin(_policy))
        {
            _destination = null;
            Answer(LocalAnswer.Of(UpstreamFailure.Overflow, null, isRetried: false));
            return;
        }

        _hash = RequestHash.Of(_policy, head, Facts, _answer);
        if (Retry is null && !IsSafe && _kept.Length == 0)
        {
            FreeReplay();
        }

        if (_route!.Action.Timeout > TimeSpan.Zero)
        {
            Schedule(ref _total, ExchangeTimerKind.Total, _route.Action.Timeout);
        }

        Attempt();
    }

    private void Attempt()
    {
        _isConnected = false;
        IReadOnlyCollection<EndpointKey>? avoided = Retry?.AvoidsTriedHosts == true ? _tried : null;
        _endpoint = _destination!.Choose(_candidates, _policy!, _hash, avoided, tunnel.Loop.Random, tunnel.Loop.Loop.NowMilliseconds);
        if (_endpoint is null)
        {
            Fail(UpstreamFailure.NoEndpoint, null);
            return;
        }

        _record.Attempts++;
        _lastTried = _endpoint.Key;
        _record.Endpoint = _endpoint.Workload;
        _record.UpstreamHost = _endpoint.Key.Text;
        _endpoint.State.Begin();
        if (Retry is { PerTryTimeout: { Ticks: > 0 } limit })
        {
            Schedule(ref _try, ExchangeTimerKind.Try, limit);
        }

        // Whatever happens, the outcome comes by the sink, perhaps before this returns.
        IEndpointRequest? client = tunnel.PoolFor(_destination, _endpoint.Key, SpeaksHttp2, _policy!).Take(PoolLimits.Of(_policy!));
        if (client is null)
        {
            // Not the endpoint's fault, and trying again would make it worse.
            EndAttempt();
            Fail(UpstreamFailure.Overflow, null);
            return;
        }

        _client = client;
        client.Begin(this);
    }

    private void Pass(ResponseHead response, BodyFraming responseFraming)
    {
        CancelTry();
        FreeReplay();
        _record.Status = response.Status;
        _record.GrpcStatus = response.Fields.TryGet("grpc-status", out ReadOnlySpan<char> text) ? PeerLabels.GrpcStatus(text) : "";
        _record.UpstreamTime = tunnel.Loop.Loop.NowMilliseconds - _record.Started;
        FieldList fields = response.Fields;
        for (int i = 0; i < _answer.Count; i++)
        {
            // Cookies of consistent hashing.
            fields.Add(_answer.Name(i), _answer.Value(i));
        }

        fields.Set("x-envoy-upstream-service-time", _record.UpstreamTime.ToString(System.Globalization.CultureInfo.InvariantCulture));
        _route!.Action.Cors?.AddFields(head, fields);
        _route.Action.Response.Apply(fields, this);
        _target!.Response.Apply(fields, this);
        EdgeFields.Finish(fields, tunnel, isOwn: false);
        tunnel.Record.OnResponse(_record, fields);
        _isHeadSent = true;
        _isUpgraded = responseFraming.Kind == BodyKind.Upgraded;
        if (_isUpgraded)
        {
            CancelTimers();
            _client!.BecomePlain();
        }

        server.SendHead(response.Status, fields, responseFraming, _isUpgraded ? upgrade : "");
    }

    private void PassInterim(ResponseHead response)
    {
        if (++_interims <= MaxInterim)
        {
            server.SendInterim(response.Status, response.Fields);
            return;
        }

        AbandonAttempt("more informational answers than anybody needs");
        Fail(UpstreamFailure.ProtocolError, null);
    }

    private void FailOrRetry(UpstreamFailure failure, string? detail)
    {
        if (_isDone)
        {
            return;
        }

        if (Retry is { } rule && rule.AfterFailure(failure) && TryRetry())
        {
            return;
        }

        Fail(failure, detail);
    }

    private void Fail(UpstreamFailure failure, string? detail)
    {
        _record.TransportFailure = failure == UpstreamFailure.ConnectFailed ? detail : null;
        if (_retries > 0 && _retries == Retry?.Attempts)
        {
            _record.Flags |= ResponseFlags.RetriesExceeded;
        }

        Answer(LocalAnswer.Of(failure, _record.TransportFailure, _retries > 0));
    }

    private void CountOutcome(int status, bool isLocal = false)
    {
        if (_endpoint is not null && _destination is not null)
        {
            _destination.Count(_endpoint, status, _policy!, tunnel.Loop.Loop.NowMilliseconds, isLocal);
        }
    }

    // Whoever has answered in part was not too slow to answer.
    private void CountTimeout()
    {
        if (!_isHeadSent)
        {
            CountOutcome(504, isLocal: true);
        }
    }

    private bool IsCurrent(IEndpointRequest client) => ReferenceEquals(_client, client);

    private void AbandonAttempt(string detail)
    {
        IEndpointRequest? client = _client;
        EndAttempt();
        client?.Abandon(detail);
    }

    private void EndAttempt()
    {
        CancelTry();
        _client = null;
        _isConnected = false;
        _endpoint?.State.End();
        _endpoint = null;
    }

    private void CancelTry() => Cancel(_try);

    private void CancelTimers()
    {
        Cancel(_total);
        Cancel(_try);
        Cancel(_pause);
    }

    private void Cancel(ExchangeTimer? timer)
    {
        if (timer is { IsScheduled: true })
        {
            tunnel.Loop.Loop.Timers.Cancel(timer);
        }
    }

    private void Schedule(ref ExchangeTimer? timer, ExchangeTimerKind kind, TimeSpan after)
    {
        timer ??= new ExchangeTimer(this, kind);
        Cancel(timer);
        tunnel.Loop.Loop.Timers.Schedule(timer, tunnel.Loop.Loop.NowMilliseconds + (long)after.TotalMilliseconds);
    }
}
