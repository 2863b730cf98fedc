using Ambient.Mesh.Connections;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Actions;
using Ambient.Routing.Authorizers;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;
using Ambient.Waypoint.Authorization;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tcp;

/// <summary>
/// A connection that is not HTTP: policies, one choice of an endpoint, and bytes both ways; a half-close stays one, a reset as well (waypoint reference 2.2, 3.2).
/// Loop-affine.
/// </summary>
internal sealed class TcpRelay(InboundTunnel tunnel, Pipe client) : IPipeOwner
{
    private readonly RequestRecord _record = new() { Started = tunnel.Loop.Loop.NowMilliseconds, StartTime = tunnel.Loop.Clock.GetUtcNow() };
    private Pipe? _server;
    private Candidate? _endpoint;
    private bool _isOpen;
    private bool _isOver;
    private bool _isInputEnded;
    private AuthorizerCall? _check;
    private DestinationState? _destination;
    private TrafficPolicy? _policy;
    private RelayLimit? _limit;
    private AccessProgram? _judgedBy;
    private CloseWatch? _closing;

    /// <summary>Judges the connection and begins to connect.</summary>
    public void Begin()
    {
        tunnel.Facts.Head = null;
        tunnel.Record.OnTcpOpened(_record);
        AskOrGoOn(null);
    }

    // Detection and authorisers take their time: the policies of now count, also where they name another authoriser by now.
    private void AskOrGoOn(string? asked)
    {
        tunnel.Refresh();
        if (tunnel.Served.Tcp.FindProvider(tunnel.Facts) is not { } provider || provider == asked)
        {
            AfterAuthorizer();
        }
        else if (tunnel.Configuration.Authorizers.Find(provider) is { Settings.IsGrpc: true } authorizer)
        {
            _check = new AuthorizerCall(tunnel.Loop, tunnel.Configuration, authorizer, new Asker(this, provider));
            _check.Begin(tunnel.Facts, tunnel.Source, default, isPartial: false);
        }
        else
        {
            Refuse(ResponseFlags.None, "rbac_access_denied_matched_policy[no-such-CUSTOM-provider]");
        }
    }

    private void AfterAuthorizer()
    {
        if (tunnel.Served.Tcp.HasDryRun)
        {
            _record.DryRun = tunnel.Loop.DryRun.Try(tunnel.Served.Tcp, tunnel.Facts, tunnel.Served.Service);
        }

        _judgedBy = tunnel.Served.Tcp;
        AccessVerdict verdict = _judgedBy.Evaluate(tunnel.Facts);
        if (!verdict.IsAllowed)
        {
            Refuse(ResponseFlags.None, $"rbac_access_denied_matched_policy[{verdict.RuleId}]");
            return;
        }

        Route();
    }

    private void Route()
    {
        TcpRule? rule = tunnel.Served.Table.FindTcp(tunnel.Facts.ServerName);
        Target? target = rule?.Targets.Pick(tunnel.Loop.Random.NextDouble());
        if (target is null || target.FailStatus > 0 || (target.Service.Namespace.Length == 0 && !target.IsOriginal))
        {
            Refuse(ResponseFlags.NoCluster, "no destination");
            return;
        }

        _record.RouteName = rule!.Name;
        _record.Service = target.IsOriginal ? null : target.Service;
        DestinationState destination = tunnel.DestinationOf(target);
        _record.Cluster = destination.Name;
        if (!destination.TryGet(tunnel.Loop.View, tunnel.Configuration.FindDestination(target.Service), out TrafficPolicy policy, out Candidate[] candidates))
        {
            Refuse(ResponseFlags.NoCluster, "no such subset");
            return;
        }

        if (tunnel.Narrow(destination, tunnel.Facts.ServerName, ref candidates) is { } name)
        {
            if (name.TryAwait(tunnel.Loop.Loop, static state => ((TcpRelay)state!).OnNameKnown(), this))
            {
                return;
            }

            // It became known in this moment.
            destination.TryGet(tunnel.Loop.View, tunnel.Configuration.FindDestination(target.Service), out policy, out candidates);
            tunnel.Narrow(destination, tunnel.Facts.ServerName, ref candidates);
        }

        EndpointTls? tls = tunnel.Loop.EndpointTls.Find(policy);
        if (tls is { Broken: { } broken })
        {
            _record.TransportFailure = "TLS_error: " + broken;
            Refuse(ResponseFlags.UpstreamFailure, "upstream_tls_unusable");
            return;
        }

        _endpoint = destination.Choose(candidates, policy, RequestHash.Of(policy, null, tunnel.Facts, new FieldList()), null, tunnel.Loop.Random, tunnel.Loop.Loop.NowMilliseconds);
        if (_endpoint is null)
        {
            Refuse(destination.Naming == NameResolution.Types.Kind.ByRequest ? ResponseFlags.NameFailure : ResponseFlags.NoHealthyUpstream, "no healthy upstream");
            return;
        }

        if (!destination.TryConnect(policy.Pool?.MaxConnections ?? 0))
        {
            _endpoint = null;
            Refuse(ResponseFlags.Overflow, "too many connections");
            return;
        }

        _destination = destination;
        _policy = policy;
        _endpoint.State.Begin();
        _record.Endpoint = _endpoint.IsKnown ? _endpoint.Workload : null;
        _record.UpstreamHost = _endpoint.Key.Text;
        tunnel.Record.OnTcpRouted(_record);
        _server = tunnel.Loop.Dialer.NewSecurePipe(_endpoint.Key, new ServerSide(this), tunnel.PrefaceFor(policy), tls?.For(destination.Naming == NameResolution.Types.Kind.ByRequest ? tunnel.Facts.ServerName : "", target.Service.Hostname), null);
        _limit = new RelayLimit(tunnel.Loop, policy.Pool, this);
        tunnel.Loop.Dialer.DialSecure(_endpoint.Key, _server);
        if (_isInputEnded)
        {
            _server.Finish();
        }
    }

    // Policies may have become others meanwhile.
    private void OnNameKnown()
    {
        if (!_isOver)
        {
            tunnel.Refresh();
            if (JudgeAgain())
            {
                Route();
            }
        }
    }

    /// <summary>Policies may be others now: what they deny ends, also in the middle, as it does at ztunnels.</summary>
    public void Judge()
    {
        if (!_isOver && _judgedBy is not null && !ReferenceEquals(tunnel.Refresh().Tcp, _judgedBy))
        {
            JudgeAgain();
        }
    }

    /// <summary>Whether it may go on; else it has ended.</summary>
    private bool JudgeAgain()
    {
        _judgedBy = tunnel.Served.Tcp;
        AccessVerdict verdict = _judgedBy.Evaluate(tunnel.Facts);
        if (verdict.IsAllowed)
        {
            return true;
        }

        _record.Details = $"rbac_access_denied_matched_policy[{verdict.RuleId}]";
        Pipe? server = _server;
        End();
        server?.Abort("denied by a policy");
        client.Abort("denied by a policy");
        return false;
    }

    /// <summary>
    /// A client of a TLS port that was silent for long has met policies without a server name. When it names one after all, they judge again; its route stays.
    /// </summary>
    private bool MayRead(ReadOnlySpan<byte> bytes) => !AwaitsHello || (tunnel.TryReadHello(bytes) && (tunnel.Facts.ServerName.Length == 0 || JudgeAgain()));

    private bool AwaitsHello => !tunnel.IsHelloSeen && tunnel.Served.Table.Protocol == PortProtocol.Tls && tunnel.Facts.ServerName.Length == 0;

    /// <summary>It was quiet for too long, lasted for too long, or did not come about in time.</summary>
    public void OnLimit(bool isConnecting)
    {
        if (isConnecting)
        {
            OnServerClosed(CloseReason.ConnectTimeout, "connecting took too long");
            _server!.Abort("connecting took too long");
            return;
        }

        _server!.Finish();
        new CloseWatch(_server).Start();
        FinishAndWatch();
        End();
    }

    /// <inheritdoc/>
    public void OnOpened()
    {
    }

    /// <inheritdoc/>
    public int OnInput(ReadOnlySpan<byte> bytes)
    {
        if (_isOver)
        {
            return bytes.Length;
        }

        if (!_isOpen || _server!.IsFull || !MayRead(bytes))
        {
            return _isOver ? bytes.Length : 0;
        }

        _limit!.Touch();
        _record.BytesReceived += bytes.Length;
        _server.Send(bytes);
        return bytes.Length;
    }

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        if (AwaitsHello)
        {
            // What ends in the middle of a hello is none.
            tunnel.IsHelloSeen = true;
            client.EndAfterHeld();
            return;
        }

        _isInputEnded = true;
        _server?.Finish();
    }

    /// <inheritdoc/>
    public void OnOutputDrained() => _server?.ResumeInput();

    /// <inheritdoc/>
    public void OnClosed(CloseReason reason, string? detail)
    {
        _closing?.Stop();
        if (reason == CloseReason.Completed && _isInputEnded)
        {
            if (_server is { } server)
            {
                server.Finish();
                new CloseWatch(server).Start();
            }
        }
        else
        {
            // We gave it up, or it broke off: the endpoint must not take what came so far for all there was.
            _server?.Abort(detail ?? "the client is gone");
        }

        End();
        tunnel.OnEnded(reason, detail);
    }

    private void Refuse(ResponseFlags flags, string details)
    {
        _record.Flags |= flags;
        _record.Details = details;
        FinishAndWatch();
        End();
    }

    /// <summary>Nothing more is said; a client that does not close either would hold its place for ever.</summary>
    private void FinishAndWatch()
    {
        client.Finish();
        if (!client.IsClosed && _closing is null)
        {
            _closing = new CloseWatch(client);
            _closing.Start();
        }
    }

    private void End()
    {
        if (!_isOver)
        {
            _isOver = true;
            _check?.Cancel();
            _limit?.Cancel();
            _endpoint?.State.End();
            _destination?.Disconnect();
            tunnel.Record.OnTcpClosed(_record);
        }
    }

    private void OnServerClosed(CloseReason reason, string? detail)
    {
        if (_isOver)
        {
            // The client has been told.
            return;
        }

        if (!_isOpen)
        {
            _record.Flags |= ResponseFlags.UpstreamFailure;
            _record.TransportFailure = detail;
            _destination?.Count(_endpoint!, 503, _policy!, tunnel.Loop.Loop.NowMilliseconds, isLocal: true);
        }

        End();
        if (reason == CloseReason.Completed)
        {
            FinishAndWatch();
        }
        else
        {
            client.Abort(detail ?? "the endpoint is gone");
        }
    }

    /// <summary>Waits for the authoriser.</summary>
    private sealed class Asker(TcpRelay relay, string asked) : IAuthorizerCaller
    {
        public void OnVerdict(AuthorizerVerdict verdict) => relay.OnVerdict(verdict, asked);
    }

    /// <summary>The other half: what comes from the endpoint.</summary>
    private sealed class ServerSide(TcpRelay relay) : IPipeOwner
    {
        public void OnOpened()
        {
            relay._isOpen = true;
            relay._limit!.OnOpened();
            relay._destination!.Count(relay._endpoint!, 200, relay._policy!, relay.Now);
            relay.Resume();
        }

        public int OnInput(ReadOnlySpan<byte> bytes)
        {
            if (relay.IsClientFull)
            {
                return 0;
            }

            relay.ToClient(bytes);
            return bytes.Length;
        }

        public void OnInputEnded() => relay.FinishClient();

        public void OnOutputDrained() => relay.Resume();

        public void OnClosed(CloseReason reason, string? detail) => relay.OnServerClosed(reason, detail);
    }

    private long Now => tunnel.Loop.Loop.NowMilliseconds;

    private void OnVerdict(AuthorizerVerdict verdict, string asked)
    {
        _check = null;
        if (_isOver)
        {
            return;
        }

        if (verdict.IsAllowed)
        {
            AskOrGoOn(asked);
        }
        else
        {
            Refuse(ResponseFlags.Unauthorized, verdict.IsError ? "ext_authz_error" : "ext_authz_denied");
        }
    }

    private bool IsClientFull => client.IsFull;

    private void Resume() => client.ResumeInput();

    private void FinishClient() => client.Finish();

    private void ToClient(ReadOnlySpan<byte> bytes)
    {
        _limit!.Touch();
        _record.BytesSent += bytes.Length;
        client.Send(bytes);
    }
}
