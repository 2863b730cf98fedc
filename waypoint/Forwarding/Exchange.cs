using Ambient.Routing.Access;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;
using Ambient.Routing.Tokens;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Forwarding;

/// <summary>
/// One request and its answer. Loop-affine. The stages, in the order of waypoint reference 1.5: normalise → external authorisation → tokens →
/// policies → route → limits → fault → CORS → redirect, answer or forward.
/// </summary>
internal sealed partial class Exchange(InboundTunnel tunnel, IRequestSource server, RequestHead head, BodyFraming framing, string upgrade) : ICommandSource
{
    private readonly RequestRecord _record = new() { Started = tunnel.Loop.Loop.NowMilliseconds, StartTime = tunnel.Loop.Clock.GetUtcNow() };
    private readonly FieldList _answer = server.Answer;
    private ServedPort _served = tunnel.Refresh(head);
    private WaypointConfiguration _configuration = tunnel.Configuration;
    private Route? _route;
    private Target? _target;
    private List<MirrorCopy>? _mirrors;
    private bool _isDone;
    private bool _isHeadSent;

    private RequestFacts Facts => server.Facts;

    /// <summary>What is told about it when it is over.</summary>
    public RequestRecord Record => _record;

    /// <summary>Whether an endpoint gets the request.</summary>
    public bool IsForwarding => _route is not null && _destination is not null && !_isDone && !_isStill;

    /// <summary>Takes the request through the stages.</summary>
    public void Start()
    {
        _record.Take(head);
        _record.Protocol = server.Protocol;
        BeginStillness();
        Facts.Head = head;
        Facts.Claims = null;
        _web = _served.Table.IsGrpcWeb ? GrpcWebTranslation.Of(head) : null;
        if (Normalize() && PassesAuthorizer(asked: null))
        {
            AfterAuthorizer();
        }
    }

    private void AfterAuthorizer()
    {
        if (!Authenticate() || !Authorize())
        {
            return;
        }

        if (_web is { } web)
        {
            TranslateRequest(web);
        }

        if (!FindRoute() || !PassesLimits())
        {
            return;
        }

        RouteAction action = _route!.Action;
        if (action.Fault is { } fault && fault.Delays(tunnel.Loop.Random.NextDouble()))
        {
            _record.Flags |= ResponseFlags.DelayInjected;
            Schedule(ref _pause, ExchangeTimerKind.Pause, fault.Delay);
            _isDelayed = true;
            return;
        }

        AfterDelay();
    }

    /// <summary>The client went away.</summary>
    public void OnClientGone(string detail)
    {
        if (!_isDone)
        {
            _record.Flags |= ResponseFlags.ClientGone;
            _record.Details = "downstream_remote_disconnect";
            AbandonAttempt(detail);
            if (!_isRequestEnded && framing.Kind != BodyKind.None)
            {
                _mirrors?.ForEach(static copy => copy.GiveUp("the client is gone"));
            }

            Done();
        }
    }

    /// <summary>Its code threw: the client gets an answer, or a reset.</summary>
    public void OnFault(Exception exception)
    {
        AbandonAttempt(exception.Message);
        Answer(new LocalAnswer(500, "", ResponseFlags.None, "internal_error"));
    }

    /// <inheritdoc/>
    public string? Resolve(string command, string argument) => command switch
    {
        "REQ" => argument.StartsWith(':') ? Pseudo(argument) : head.Fields.Text(argument.ToLowerInvariant()),
        "PROTOCOL" => server.Protocol,
        "START_TIME" => _record.StartTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture),
        "DOWNSTREAM_REMOTE_ADDRESS" => tunnel.Source.ToString(),
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" => tunnel.Source.Address.ToString(),
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS" => tunnel.Peer.ToString(),
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" => tunnel.Peer.Address.ToString(),
        "DOWNSTREAM_LOCAL_ADDRESS" => tunnel.Authority,
        "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT" => Facts.DestinationAddress.ToString(),
        "DOWNSTREAM_LOCAL_PORT" => Facts.DestinationPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
        "DOWNSTREAM_PEER_URI_SAN" => Facts.Client?.ToString(),
        "DOWNSTREAM_LOCAL_URI_SAN" => tunnel.Loop.Identity.ToString(),
        "UPSTREAM_HOST" or "UPSTREAM_REMOTE_ADDRESS" => _record.UpstreamHost.Length > 0 ? _record.UpstreamHost : null,
        "UPSTREAM_CLUSTER" => _record.Cluster.Length > 0 ? _record.Cluster : null,
        "ROUTE_NAME" => _record.RouteName,
        "RESPONSE_CODE" => _record.Status.ToString(System.Globalization.CultureInfo.InvariantCulture),
        "RESPONSE_FLAGS" => ResponseFlagText.Of(_record.Flags),
        "RESP" => _answer.Text(argument.ToLowerInvariant()),
        _ => null,
    };

    private string? Pseudo(string name) => name switch { ":method" => head.Method, ":authority" => head.Authority, ":path" => head.Target, ":scheme" => head.Scheme, _ => null };

    private bool Normalize()
    {
        if (head.Method == "CONNECT")
        {
            return Answer(new LocalAnswer(404, "", ResponseFlags.NoRoute, "route_not_found"));
        }

        if (upgrade.Length > 0 && (!upgrade.Equals("websocket", StringComparison.OrdinalIgnoreCase) || head.Method != "GET" || framing.Kind != BodyKind.None))
        {
            return Answer(new LocalAnswer(403, "", ResponseFlags.None, "upgrade_failed"));
        }

        if (!PathNormalizer.TryNormalize(head.Target, _configuration.Settings.Normalization, out string? path))
        {
            return Answer(new LocalAnswer(400, "", ResponseFlags.None, "path_normalization_failed"));
        }

        head.SetTarget(path);
        if (tunnel.Edge is not null)
        {
            head.Authority = EdgeFields.WithoutFinalDot(head.Authority);
        }

        EdgeFields.Prepare(head, Facts, tunnel);
        _record.RequestId = head.Fields.Text("x-request-id");
        tunnel.Record.OnStarted(_record, head);
        if (tunnel.Edge is not null && ClientFields.IsGoingRound(head.Fields))
        {
            return Answer(new LocalAnswer(508, "the request goes round in circles", ResponseFlags.None, "forwarding_loop"));
        }

        return tunnel.Edge?.IsMisdirected(_configuration, head.Authority) != true || Answer(new LocalAnswer(421, "", ResponseFlags.NoRoute, "misdirected_request"));
    }

    private bool Authenticate()
    {
        TokenVerdict verdict = _served.Tokens.Verify(head, tunnel.Loop.Clock.GetUtcNow());
        if (verdict.Status != 0)
        {
            if (verdict.Status == 401)
            {
                string realm = $"{head.Scheme}://{head.Authority}{head.Path}";
                _answer.Add("www-authenticate", $"Bearer realm=\"{realm[..Math.Min(realm.Length, 256)]}\", error=\"invalid_token\"");
            }

            return Answer(new LocalAnswer(verdict.Status, verdict.Reason, ResponseFlags.None, $"jwt_authn_access_denied{{{verdict.Reason.Replace(' ', '_')}}}"));
        }

        Facts.Claims = verdict.Claims;
        return true;
    }

    private bool Authorize()
    {
        if (_served.Http.HasDryRun)
        {
            _record.DryRun = tunnel.Loop.DryRun.Try(_served.Http, Facts, _served.Service);
        }

        AccessVerdict verdict = _served.Http.Evaluate(Facts);
        return verdict.IsAllowed || Answer(new LocalAnswer(403, "RBAC: access denied", ResponseFlags.None, $"rbac_access_denied_matched_policy[{verdict.RuleId}]"));
    }

    private bool FindRoute()
    {
        _route = _served.Table.Find(Facts);
        if (_route is null)
        {
            return Answer(new LocalAnswer(404, "", ResponseFlags.NoRoute, "route_not_found"));
        }

        _record.RouteName = _route.Name;
        _record.Route = _route;
        return true;
    }

    private void AfterDelay()
    {
        RouteAction action = _route!.Action;
        if (action.Fault is { } fault && fault.Aborts(tunnel.Loop.Random.NextDouble()))
        {
            LocalAnswer abort = new(fault.IsGrpc ? 200 : fault.AbortStatus, "fault filter abort", ResponseFlags.FaultInjected, "fault_filter_abort");
            _ = Answer(abort, fault.IsGrpc ? fault.AbortStatus : -1);
            return;
        }

        if (action.Redirect is { } redirect)
        {
            _answer.Add("location", redirect.Location(head, _route.Path, Facts.DestinationPort));
            _ = Answer(new LocalAnswer(redirect.Status, "", ResponseFlags.None, "direct_response"), isRouted: true);
        }
        else if (action.DirectStatus > 0)
        {
            AnswerDirectly(action);
        }
        else if (action.Cors is { } cors && cors.AnswersPreflight(head))
        {
            cors.AddPreflightFields(head, _answer);
            _ = Answer(new LocalAnswer(200, "", ResponseFlags.None, "cors_response"));
        }
        else
        {
            Choose(action);
        }
    }

    private void Choose(RouteAction action)
    {
        _target = action.Targets.Pick(tunnel.Loop.Random.NextDouble());
        if (_target is null || _target.FailStatus > 0)
        {
            _ = Answer(new LocalAnswer(_target?.FailStatus ?? 500, "", ResponseFlags.None, "direct_response"));
            return;
        }

        _record.Service = _target.Service.Namespace.Length > 0 ? _target.Service : null;
        _record.ServicePort = _target.Port;
        Edit(action);
        tunnel.Record.OnForwarding(_record, head);
        Mirror(action);
        Forward(_target.Service);
    }

    private void Mirror(RouteAction action)
    {
        foreach (MirrorRule rule in action.Mirrors)
        {
            if (upgrade.Length == 0 && rule.Copies(tunnel.Loop.Random.NextDouble()) && MirrorCopy.Begin(tunnel.Loop, _configuration, rule.Target, SpeaksHttp2, head, framing) is { } copy)
            {
                (_mirrors ??= []).Add(copy);
                if (_kept.Length > 0)
                {
                    copy.Add(_kept.Memory.Span);
                }

                if (_isRequestEnded)
                {
                    copy.End(_requestTrailers);
                }
            }
        }
    }

    /// <summary>What the route and the destination change in the request.</summary>
    private void Edit(RouteAction action)
    {
        string original = head.Target;
        if (action.Rewrite is { } rewrite && rewrite.Apply(head, _route!.Path) && head.Target != original)
        {
            head.Fields.Set("x-envoy-original-path", original);
        }

        action.Request.Apply(head.Fields, this);
        _target!.Request.Apply(head.Fields, this);
        string? authority = action.Rewrite?.Authority is { Length: > 0 } rewritten ? rewritten : (action.Request.Authority ?? _target.Request.Authority)?.Expand(this);
        if (authority is { Length: > 0 })
        {
            head.Authority = authority;
        }

        if (action.Timeout > TimeSpan.Zero)
        {
            head.Fields.Set("x-envoy-expected-rq-timeout-ms", ((long)action.Timeout.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private void AnswerDirectly(RouteAction action)
    {
        if (_record.IsGrpc)
        {
            _ = Answer(new LocalAnswer(action.DirectStatus, System.Text.Encoding.UTF8.GetString(action.DirectBody.Span), ResponseFlags.None, "direct_response"), isRouted: true);
            return;
        }

        _record.Status = action.DirectStatus;
        _record.Details = "direct_response";
        ReadOnlyMemory<byte> body = action.DirectBody;
        action.Response.Apply(_answer, this);
        if (body.Length > 0 && !_answer.Contains("content-type"))
        {
            _answer.Add("content-type", "text/plain");
        }

        SendOwn(body.Span, action.DirectStatus);
    }

    /// <summary>Answers by ourselves; always false, so that a stage can end with it.</summary>
    private bool Answer(LocalAnswer answer, int grpcStatus = -1, bool isRouted = false)
    {
        if (_isDone)
        {
            return false;
        }

        _record.Flags |= answer.Flags;
        _record.Details = answer.Details;
        NameService(answer);
        if (_isHeadSent)
        {
            // Too late for an answer: the client must see that this one is not whole.
            server.Reset(answer.Details);
            Done();
            return false;
        }

        byte[] body = System.Text.Encoding.UTF8.GetBytes(answer.Body);
        int status = answer.Status;
        if (_record.IsGrpc || grpcStatus >= 0)
        {
            int grpc = grpcStatus >= 0 ? grpcStatus : LocalAnswer.GrpcStatus(answer.Status);
            _record.GrpcStatus = grpc.ToString(System.Globalization.CultureInfo.InvariantCulture);
            _answer.Add("content-type", _web?.ContentType ?? "application/grpc");
            _answer.Add("grpc-status", _record.GrpcStatus);
            if (answer.Body.Length > 0)
            {
                _answer.Add("grpc-message", LocalAnswer.GrpcMessage(body));
            }

            (status, body) = (200, []);
        }
        else if (body.Length > 0)
        {
            _answer.Add("content-type", "text/plain");
        }

        if (isRouted || answer.Details == "cors_response")
        {
            _route?.Action.Response.Apply(_answer, this);
        }

        if ((answer.Flags & ResponseFlags.Overflow) != ResponseFlags.None)
        {
            _answer.Add("x-envoy-overloaded", "true");
        }

        if ((answer.Flags & ResponseFlags.RateLimited) != ResponseFlags.None)
        {
            _answer.Add("x-envoy-ratelimited", "true");
        }

        _record.Status = status;
        SendOwn(body, status);
        return false;
    }

    // Who is denied, limited, or failed on purpose, was on the way to a service (waypoint reference 4.2).
    private void NameService(LocalAnswer answer)
    {
        if (_record.Service is null && (answer.Status is 401 or 403 or 429 || (answer.Flags & ResponseFlags.FaultInjected) != ResponseFlags.None))
        {
            Route? route = _route ?? _served.Table.Find(Facts);
            _record.Service = route?.Action.Targets.Pick(tunnel.Loop.Random.NextDouble())?.Service is { Namespace.Length: > 0 } service ? service : null;
        }
    }

    private void SendOwn(ReadOnlySpan<byte> body, int status)
    {
        EdgeFields.Finish(_answer, tunnel, isOwn: true);
        bool isHead = head.Method == "HEAD";
        _isHeadSent = true;
        tunnel.Record.OnResponse(_record, _answer);
        server.SendHead(status, _answer, new BodyFraming(BodyKind.Length, body.Length));
        if (!isHead)
        {
            server.SendData(body);
            _record.BytesSent = body.Length;
        }

        Done();
        server.SendEnd(null);
    }

    private void Done()
    {
        if (_isDone)
        {
            return;
        }

        _isDone = true;
        EndStillness();
        CancelTimers();
        EndRetry();
        _destination?.End();
        _destination = null;
        _check?.Cancel();
        FreeReplay();
        tunnel.Record.OnCompleted(_record);
    }
}
