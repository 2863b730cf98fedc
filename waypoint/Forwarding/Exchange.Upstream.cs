using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Forwarding;

/// <summary>Forwarding: endpoint, connection, tries, limits.</summary>
internal sealed partial class Exchange
{
    // A request that may be sent again is kept up to here; one that is larger is sent once (waypoint reference 2.1.3). All of a loop together have ByteBudget.
    private const int MaxReplay = 1024 * 1024;

    private DestinationState? _destination;
    private TrafficPolicy? _policy;
    private Candidate[] _candidates = [];
    private Attempt? _attempt;
    private HashSet<EndpointKey>? _tried;
    private EndpointKey? _lastTried;
    private KeptBytes _kept;
    private bool _isReplayable = true;
    private FieldList? _requestTrailers;
    private bool _isRequestEnded;
    private bool _isDelayed;
    private bool _isUpgraded;
    private bool _upgradesInHttp1;
    private bool _hasStaleRetry = true;
    private int _retries;
    private bool _isRetry;
    private ulong? _hash;
    private TlsUse? _tls;

    /// <summary>Whether more of the request's body can be taken.</summary>
    public bool CanTakeBody => _isDone || IsHolding || _attempt is { CanTakeBody: true };

    /// <summary>Whether more of the answer can be taken.</summary>
    public bool CanTakeResponse => !server.IsFull;

    /// <summary>Whether the client wants to speak another protocol.</summary>
    public bool WantsUpgrade => upgrade.Length > 0;

    private RetryRule? Retry => _route?.Action.Retry;

    /// <summary>A part of the request's body.</summary>
    public void OnRequestData(ReadOnlySpan<byte> data)
    {
        Moved();
        if (_web is { IsTextRequest: true } web)
        {
            DecodeRequest(web, data);
        }
        else
        {
            TakeRequestData(data);
        }
    }

    private void TakeRequestData(ReadOnlySpan<byte> data)
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

        if (_isLeaveAwaited)
        {
            HoldLimits();
        }

        KeepForRetry(data);
        _attempt?.SendData(data);
    }

    /// <summary>The request is whole.</summary>
    public void OnRequestEnd(FieldList? trailers)
    {
        Moved();
        if (_web is { IsTorn: true })
        {
            RefuseText();
            return;
        }

        _isRequestEnded = true;
        _requestTrailers = trailers;
        _mirrors?.ForEach(copy => copy.End(trailers));
        if (!_isDone && IsHolding)
        {
            Ask(isPartial: false);
        }
        else if (!_isDone)
        {
            BeginLimits();
            if (_attempt is { IsConnected: true } attempt)
            {
                attempt.SendEnd(trailers);
            }
        }
    }

    /// <summary>The client can take more of the answer.</summary>
    public void OnClientDrained() => _attempt?.ResumeResponse();

    /// <summary>The connection of a try is there: the request may be written.</summary>
    public void OnConnected(Attempt attempt)
    {
        // A write may find the connection gone, and with that this try is over, perhaps another one begun.
        if (tunnel.Edge is not null)
        {
            head.Fields.Set("x-envoy-attempt-count", _record.Attempts.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        attempt.SendHead(head, framing, upgrade);
        if (!attempt.IsOver && _kept.Length > 0)
        {
            attempt.SendData(_kept.Memory.Span);
            if (!attempt.IsOver && (_kept.Length > MaxReplay || (Retry is null && !IsSafe)))
            {
                // Held for an authoriser, and too much to be sent twice.
                FreeReplay();
            }
        }

        if (attempt.IsOver)
        {
            return;
        }

        if (_isRequestEnded || framing.IsEmpty)
        {
            if (upgrade.Length == 0)
            {
                attempt.SendEnd(_requestTrailers);
            }
        }
        else
        {
            server.ResumeBody();
            if (!attempt.IsOver && !IsRequestWhole)
            {
                HoldLimits(isConnected: true);
            }
        }
    }

    /// <summary>Room for more of the request.</summary>
    public void OnServerDrained() => server.ResumeBody();

    /// <summary>A try has failed: there will be no (whole) answer of that endpoint.</summary>
    /// <param name="attempt">Which.</param>
    /// <param name="failure">How.</param>
    /// <param name="detail">The same in words.</param>
    /// <param name="wasStale">Whether a kept connection was gone before the endpoint can have seen the request.</param>
    public void OnFailed(Attempt attempt, UpstreamFailure failure, string? detail, bool wasStale)
    {
        if (failure == UpstreamFailure.UpgradeNotTaken)
        {
            // It may take it in HTTP/1.1, of which upgrades are a part.
            EndAttempt();
            _upgradesInHttp1 = true;
            _record.Attempts--;
            Try();
            return;
        }

        bool isStale = wasStale && _hasStaleRetry && IsSafe && _isReplayable;
        bool isOfClient = failure == UpstreamFailure.ConnectFailed && _tls?.IsFaultOfClient(detail) == true;
        if (!isStale && !isOfClient && failure != UpstreamFailure.Refused)
        {
            // An endpoint that says good-bye in order has not failed, nor has one that has no certificate for whatever name a client asks for.
            attempt.Count(503, isLocal: true);
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
            Try();
            return;
        }

        FailOrRetry(failure, detail);
    }

    // Clients of the mesh speak to the endpoint; those outside speak to the gateway, which most of them do in HTTP/2 whatever is behind it. gRPC has no other version.
    private bool SpeaksHttp2(Target target, TrafficPolicy policy) => target.SpeaksHttp2(policy.Pool, server.Protocol == "HTTP/2", tunnel.Edge is null || _record.IsGrpc);

    private bool IsSafe => head.Method is "GET" or "HEAD" or "OPTIONS" or "PUT" or "DELETE" or "TRACE";

    private void Forward(NamespacedHostname service)
    {
        // The field says that a slot is taken, which is given back at the end.
        DestinationState destination = tunnel.DestinationOf(_target!);
        _record.Cluster = destination.Name;
        DestinationSettings? settings = _configuration.FindDestination(service);
        if ((service.Namespace.Length == 0 && !_target!.IsOriginal) || !destination.TryGet(tunnel.Loop.View, settings, out _policy, out _candidates))
        {
            Answer(new LocalAnswer(503, "", ResponseFlags.NoCluster, "cluster_not_found"));
            return;
        }

        if (tunnel.Narrow(destination, _record.Authority, ref _candidates) is { } name)
        {
            if (name.TryAwait(tunnel.Loop.Loop, static state => ((Exchange)state!).OnNameKnown(), this))
            {
                return;
            }

            // It became known in this moment.
            destination.TryGet(tunnel.Loop.View, settings, out _policy, out _candidates);
            tunnel.Narrow(destination, _record.Authority, ref _candidates);
        }

        bool isByRequest = destination.Naming == NameResolution.Types.Kind.ByRequest;
        if (isByRequest && _candidates.Length == 0)
        {
            Answer(new LocalAnswer(503, "DNS resolution failure", ResponseFlags.NameFailure, "dns_resolution_failure"));
            return;
        }

        if (tunnel.Loop.EndpointTls.Find(_policy) is { } tls)
        {
            if (tls.Broken is { } broken)
            {
                // What must be encrypted and cannot be is not sent in the clear. Why names Secrets: that is for the log, not for clients.
                Fail(UpstreamFailure.ConnectFailed, "TLS_error: " + broken, told: "TLS_error: settings cannot be used");
                return;
            }

            _tls = tls.For(isByRequest ? _record.Authority : head.Authority, service.Hostname);
        }

        if (!destination.TryBegin(_policy))
        {
            Answer(LocalAnswer.Of(UpstreamFailure.Overflow, null, isRetried: false));
            return;
        }

        _destination = destination;
        _hash = RequestHash.Of(_policy, head, Facts, _answer);
        if (Retry is null && !IsSafe && _kept.Length == 0)
        {
            FreeReplay();
        }

        _limit = Limit();
        BeginLimits();
        Try();
    }

    // Nobody who waits has an endpoint, a slot or a limit yet.
    private void OnNameKnown()
    {
        if (!_isDone)
        {
            Forward(_target!.Service);
        }
    }

    private void Try()
    {
        IReadOnlyCollection<EndpointKey>? avoided = Retry?.AvoidsTriedHosts == true ? _tried : null;
        Candidate? endpoint = _destination!.Choose(_candidates, _policy!, _hash, avoided, tunnel.Loop.Random, tunnel.Loop.Loop.NowMilliseconds);
        if (endpoint is null)
        {
            Fail(UpstreamFailure.NoEndpoint, null);
            return;
        }

        _record.Attempts++;
        _lastTried = endpoint.Key;
        _record.Endpoint = endpoint.IsKnown ? endpoint.Workload : null;
        _record.UpstreamHost = endpoint.Key.Text;
        _attempt = Attempt.Take(tunnel.Loop);
        IEndpointPool pool = tunnel.PoolFor(_destination, endpoint.Key, !_upgradesInHttp1 && SpeaksHttp2(_target!, _policy!), _policy!, _tls);
        if (!_attempt.TryBegin(this, _destination, _policy!, endpoint, TryLimit, pool))
        {
            // Not the endpoint's fault, and trying again would make it worse.
            EndAttempt();
            Fail(UpstreamFailure.Overflow, null);
        }
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

    private void Fail(UpstreamFailure failure, string? detail, string? told = null)
    {
        _record.TransportFailure = failure == UpstreamFailure.ConnectFailed ? detail : null;
        if (_retries > 0 && _retries == Retry?.Attempts)
        {
            _record.Flags |= ResponseFlags.RetriesExceeded;
        }

        Answer(LocalAnswer.Of(failure, told ?? _record.TransportFailure, _retries > 0));
    }

    private void AbandonAttempt(string detail)
    {
        Attempt? attempt = _attempt;
        _attempt = null;
        attempt?.Abandon(detail);
    }

    private void EndAttempt()
    {
        Attempt? attempt = _attempt;
        _attempt = null;
        attempt?.End();
    }
}
