using Ambient.Mesh.Connections;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Actions;
using Ambient.Routing.Authorizers;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;
using Ambient.Waypoint.Authorization;
using Ambient.Waypoint.Balancing;
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

    /// <summary>Judges the connection and begins to connect.</summary>
    public void Begin()
    {
        tunnel.Facts.Head = null;
        tunnel.Record.OnTcpOpened(_record);
        if (tunnel.Served.Tcp.FindProvider(tunnel.Facts) is not { } provider)
        {
            AfterAuthorizer();
        }
        else if (tunnel.Configuration.Authorizers.Find(provider) is { Settings.IsGrpc: true } authorizer)
        {
            _check = new AuthorizerCall(tunnel.Loop, tunnel.Configuration, authorizer, new Asker(this));
            _check.Begin(tunnel.Facts, tunnel.Source.Port, default, isPartial: false);
        }
        else
        {
            Refuse(ResponseFlags.None, "rbac_access_denied_matched_policy[no-such-CUSTOM-provider]");
        }
    }

    private void AfterAuthorizer()
    {
        AccessVerdict verdict = tunnel.Served.Tcp.Evaluate(tunnel.Facts);
        if (!verdict.IsAllowed)
        {
            Refuse(ResponseFlags.None, $"rbac_access_denied_matched_policy[{verdict.RuleId}]");
            return;
        }

        TcpRule? rule = tunnel.Served.Table.FindTcp(tunnel.Facts.ServerName);
        Target? target = rule?.Targets.Pick(tunnel.Loop.Random.NextDouble());
        if (target is null || target.FailStatus > 0 || target.Service.Namespace.Length == 0)
        {
            Refuse(ResponseFlags.NoCluster, "no destination");
            return;
        }

        _record.RouteName = rule!.Name;
        _record.Service = target.Service;
        DestinationState destination = tunnel.Loop.Destinations.Get(target.Service, target.Port, target.Subset);
        _record.Cluster = destination.Name;
        if (!destination.TryGet(tunnel.Loop.View, tunnel.Configuration.FindDestination(target.Service), out TrafficPolicy policy, out Candidate[] candidates))
        {
            Refuse(ResponseFlags.NoCluster, "no such subset");
            return;
        }

        if (policy.Tls is not null)
        {
            Refuse(ResponseFlags.UpstreamFailure, "TLS to endpoints is not built yet");
            return;
        }

        _endpoint = destination.Choose(candidates, policy, RequestHash.Of(policy, null, tunnel.Facts, new FieldList()), null, tunnel.Loop.Random, tunnel.Loop.Loop.NowMilliseconds);
        if (_endpoint is null)
        {
            Refuse(ResponseFlags.NoHealthyUpstream, "no healthy upstream");
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
        _record.Endpoint = _endpoint.Workload;
        _record.UpstreamHost = _endpoint.Key.Text;
        tunnel.Record.OnTcpRouted(_record);
        _server = tunnel.Loop.Dialer.NewPipe(_endpoint.Key, new ServerSide(this), tunnel.PrefaceFor(policy));
        _limit = new RelayLimit(tunnel.Loop, policy.Pool, this);
        tunnel.Loop.Dialer.Dial(_endpoint.Key, _server);
        if (_isInputEnded)
        {
            _server.Finish();
        }
    }

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
        client.Finish();
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

        if (!_isOpen || _server!.IsFull)
        {
            return 0;
        }

        _limit!.Touch();
        _record.BytesReceived += bytes.Length;
        _server.Send(bytes);
        return bytes.Length;
    }

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        _isInputEnded = true;
        _server?.Finish();
    }

    /// <inheritdoc/>
    public void OnOutputDrained() => _server?.ResumeInput();

    /// <inheritdoc/>
    public void OnClosed(CloseReason reason, string? detail)
    {
        if (reason != CloseReason.Completed)
        {
            _server?.Abort(detail ?? "the client is gone");
        }
        else
        {
            _server?.Finish();
        }

        End();
        tunnel.OnEnded(reason, detail);
    }

    private void Refuse(ResponseFlags flags, string details)
    {
        _record.Flags |= flags;
        _record.Details = details;
        client.Finish();
        End();
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
        if (!_isOpen && !_isOver)
        {
            _record.Flags |= ResponseFlags.UpstreamFailure;
            _record.TransportFailure = detail;
            _destination?.Count(_endpoint!, 503, _policy!, tunnel.Loop.Loop.NowMilliseconds, isLocal: true);
        }

        End();
        if (reason == CloseReason.Completed)
        {
            client.Finish();
        }
        else
        {
            client.Abort(detail ?? "the endpoint is gone");
        }
    }

    /// <summary>Waits for the authoriser.</summary>
    private sealed class Asker(TcpRelay relay) : IAuthorizerCaller
    {
        public void OnVerdict(AuthorizerVerdict verdict) => relay.OnVerdict(verdict);
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

    private void OnVerdict(AuthorizerVerdict verdict)
    {
        _check = null;
        if (_isOver)
        {
            return;
        }

        if (verdict.IsAllowed)
        {
            AfterAuthorizer();
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
