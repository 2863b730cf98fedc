using Ambient.EventLoop;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Protocol.Envoy.Authorization;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Authorizers;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Authorization;

/// <summary>
/// One question to an external authoriser and its answer (waypoint reference 2.6.8). Whatever goes wrong, a verdict comes: no answer in time is one, too. Loop-affine.
/// </summary>
internal sealed class AuthorizerCall(WaypointLoop loop, WaypointConfiguration configuration, ExternalAuthorizer authorizer, IAuthorizerCaller caller) : LoopTimer, IResponseSink, ILoopFault
{
    private const int MaxAnswer = 64 * 1024;

    private readonly RequestHead _question = new();
    private readonly ResponseHead _head = new();
    private ReadOnlyMemory<byte> _body;
    private byte[] _answer = [];
    private int _answerLength;
    private DestinationState? _destination;
    private TrafficPolicy? _policy;
    private Candidate? _endpoint;
    private IEndpointRequest? _client;
    private bool _isOver;
    private bool _isRepeated;

    /// <inheritdoc/>
    bool IResponseSink.CanTakeResponse => true;

    /// <summary>Asks about a request, or about a connection when there is none. The verdict may come before this returns.</summary>
    public void Begin(RequestFacts facts, IpPort source, ReadOnlyMemory<byte> body, bool isPartial)
    {
        if (authorizer.Settings.IsGrpc)
        {
            CheckRequest question = CheckMessages.Ask(authorizer, facts, source, loop.Identity, loop.Clock.GetUtcNow(), body.Span, isPartial);
            _body = GrpcMessage.Frame(question);
            GrpcMessage.Address(_question, authorizer.Service!.Hostname, CheckMessages.Method, authorizer.Timeout);
        }
        else if (facts.Head is { } head)
        {
            _body = body;
            authorizer.Ask(head, isPartial, _question);
        }
        else
        {
            // Over HTTP one asks about requests alone.
            Finish(authorizer.OnError());
            return;
        }

        loop.Loop.Timers.Schedule(this, loop.Loop.NowMilliseconds + (long)Math.Max(1, authorizer.Timeout.TotalMilliseconds));
        Send();
    }

    /// <summary>The word is not needed any more.</summary>
    public void Cancel()
    {
        IEndpointRequest? client = _client;
        Release();
        client?.Abandon("nobody waits for the authoriser any more");
    }

    /// <inheritdoc/>
    void ILoopFault.OnFault(Exception exception) => GiveUp();

    /// <inheritdoc/>
    void IResponseSink.OnConnected()
    {
        // A write may find the connection gone: then the question is over, or is being asked again.
        IEndpointRequest client = _client!;
        client.SendHead(_question, new BodyFraming(BodyKind.Length, _body.Length), "");
        if (ReferenceEquals(_client, client))
        {
            client.SendData(_body.Span);
        }

        if (ReferenceEquals(_client, client))
        {
            client.SendEnd(null);
        }
    }

    /// <inheritdoc/>
    void IResponseSink.OnServerDrained()
    {
    }

    /// <inheritdoc/>
    void IResponseSink.OnResponseHead(ResponseHead head, BodyFraming framing)
    {
        if (framing.Kind == BodyKind.Upgraded)
        {
            GiveUp();
        }
        else if (head.Status >= 200)
        {
            _head.Clear();
            _head.Status = head.Status;
            _head.Fields.CopyFrom(head.Fields);
        }
    }

    /// <inheritdoc/>
    void IResponseSink.OnResponseData(ReadOnlySpan<byte> data)
    {
        // What is longer than this is cut: the verdict stands in the head.
        ReadOnlySpan<byte> taken = data[..Math.Min(data.Length, MaxAnswer - _answerLength)];
        if (_answer.Length < _answerLength + taken.Length)
        {
            Array.Resize(ref _answer, Math.Max(256, (_answerLength + taken.Length) * 2));
        }

        taken.CopyTo(_answer.AsSpan(_answerLength));
        _answerLength += taken.Length;
    }

    /// <inheritdoc/>
    void IResponseSink.OnResponseEnd(FieldList? trailers)
    {
        _client = null;
        ReadOnlyMemory<byte> answer = _answer.AsMemory(0, _answerLength);
        Finish(!authorizer.Settings.IsGrpc ? authorizer.Judge(_head.Status, _head.Fields, answer)
            : GrpcMessage.IsGood(_head, trailers) && GrpcMessage.TryOpen(answer.Span, out ReadOnlySpan<byte> message) ? CheckMessages.Judge(authorizer, message)
            : authorizer.OnError());
    }

    /// <inheritdoc/>
    void IResponseSink.OnFailed(UpstreamFailure failure, string? detail)
    {
        bool isStale = _client?.WasStale == true && !_isRepeated;
        _client = null;
        if (isStale)
        {
            // It closed a kept connection while the question was on its way, and never saw it.
            _isRepeated = true;
            EndAttempt();
            Send();
            return;
        }

        Finish(authorizer.OnError());
    }

    /// <inheritdoc/>
    protected override void OnTimer() => GiveUp();

    private void Send()
    {
        NamespacedHostname service = authorizer.Service!;
        _destination = loop.Destinations.Get(service, authorizer.Port, authorizer.Settings.Service.Subset);
        if (!_destination.TryGet(loop.View, configuration.FindDestination(service), out _policy, out Candidate[] candidates))
        {
            Finish(authorizer.OnError());
            return;
        }

        if (_destination.Awaited is { } name)
        {
            if (name.TryAwait(loop.Loop, static state => ((AuthorizerCall)state!).OnNameKnown(), this))
            {
                return;
            }

            // It became known in this moment.
            _destination.TryGet(loop.View, configuration.FindDestination(service), out _policy, out candidates);
        }

        EndpointTls? tls = loop.EndpointTls.Find(_policy);
        if (tls is { Broken: not null } || _policy.ProxyProtocol != 0
            || _destination.Choose(candidates, _policy, null, null, loop.Random, loop.Loop.NowMilliseconds) is not { } endpoint)
        {
            Finish(authorizer.OnError());
            return;
        }

        _endpoint = endpoint;
        endpoint.State.Begin();
        _client = loop.ClientsOf(new PoolOf(_destination, endpoint.Key, authorizer.Settings.IsGrpc || _policy.Pool is { UpgradeToHttp2: true }, null, tls?.For("", service.Hostname))).Take(PoolLimits.Of(_policy));
        if (_client is null)
        {
            Finish(authorizer.OnError());
            return;
        }

        _client.Begin(this);
    }

    private void OnNameKnown()
    {
        if (!_isOver)
        {
            Send();
        }
    }

    private void GiveUp()
    {
        IEndpointRequest? client = _client;
        _client = null;
        client?.Abandon("no answer of the authoriser");
        Finish(authorizer.OnError());
    }

    private void Finish(AuthorizerVerdict verdict)
    {
        if (!_isOver)
        {
            Release();
            caller.OnVerdict(verdict);
        }
    }

    private void Release()
    {
        _isOver = true;
        _client = null;
        loop.Loop.Timers.Cancel(this);
        EndAttempt();
    }

    private void EndAttempt()
    {
        _endpoint?.State.End();
        _endpoint = null;
    }
}
