using System.Security.Cryptography;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Sockets;
using Ambient.Hbone.Tests.Sessions;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Tls.Verification;

namespace Ambient.Hbone.Tests.Pool;

/// <summary>A tunnel within a stream of another (ztunnel.md 2.9): the pool's servers are gateways, which hand its bytes on to a far end.</summary>
public sealed class NestedTunnelTests : IDisposable
{
    private const string Authority = "cart.bench.svc.cluster.local:80";

    private readonly PoolFixture _fixture = new(new HboneSettings());
    private readonly RecordingOwner _far = new();
    private readonly List<Session> _farEnds = [];

    public NestedTunnelTests() => _fixture.OnRequest = Cross;

    public void Dispose()
    {
        _farEnds.ForEach(static session => session.Abort(CloseReason.Completed, "test is over"));
        _fixture.Dispose();
    }

    [Fact]
    public void Bytes_ArriveWholeInBothDirections_AndTheNextTunnelTakesTheSameWay()
    {
        byte[] asked = RandomNumberGenerator.GetBytes(700_000), answered = RandomNumberGenerator.GetBytes(300_000);
        MemoryEndpoint application = new(new Random(1), answered) { Greedy = true };
        _far.OnRequest = (stream, _) =>
        {
            stream.Accept(application, new ConnectResponse(200));
            stream.OnSourceReadable(true);
        };
        MemoryEndpoint endpoint = Open("server", asked);
        Speak(endpoint);
        _fixture.Until(() => endpoint.Closure is not null && application.Closure is not null, "the end");
        Assert.Equal((true, true), (endpoint.Closure!.Value.Clean, application.Closure!.Value.Clean));
        Assert.True(asked.AsSpan().SequenceEqual(application.Received.ToArray()), "what was asked");
        Assert.True(answered.AsSpan().SequenceEqual(endpoint.Received.ToArray()), "what was answered");
        ConnectRequest request = Assert.Single(_far.Requests).Request;
        Assert.Equal((Authority, "near"), (request.Authority, request.ForwardedNetwork));

        // The way to the gateway is kept; the tunnel within is nobody else's.
        _far.OnRequest = static (stream, _) => stream.Refuse(404);
        MemoryEndpoint next = Open("server", []);
        _fixture.Until(() => next.Closure is not null, "another end");
        Assert.Equal((404, 1, 2), (next.Closure!.Value.HttpStatus, _fixture.Dials, _farEnds.Count));
    }

    [Fact]
    public void FarEndThatIsSomebodyElse_IsAskedForNothing()
    {
        MemoryEndpoint endpoint = Open("another", [1, 2, 3]);
        _fixture.Until(() => endpoint.Closure is not null, "the end");
        Assert.Null(endpoint.Opened);
        Assert.False(endpoint.Closure!.Value.Clean);
        Assert.Empty(_far.Requests);
    }

    [Fact]
    public void GatewayThatRefuses_IsWhyThereIsNoTunnel()
    {
        _fixture.OnRequest = static stream => stream.Refuse(503);
        MemoryEndpoint endpoint = Open("server", [1, 2, 3]);
        _fixture.Until(() => endpoint.Closure is not null, "the end");
        Assert.Null(endpoint.Opened);
        Assert.Contains("503", endpoint.Closure!.Value.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void GatewayThatBreaks_EndsWhatIsCarried()
    {
        MemoryEndpoint application = new(new Random(1), []) { Greedy = true, EndsSource = false };
        _far.OnRequest = (stream, _) => stream.Accept(application, new ConnectResponse(200));
        MemoryEndpoint endpoint = Open("server", [1, 2, 3], isKept: true);
        Speak(endpoint);
        _fixture.Until(() => application.Received.Length == 3, "the bytes");
        _fixture.Servers[0].Abort(CloseReason.PodRemoved, "the gateway is gone", Hbone.Frames.Http2Error.InternalError);
        _fixture.Until(() => endpoint.Closure is not null, "the end");
        Assert.False(endpoint.Closure!.Value.Clean);
    }

    private MemoryEndpoint Open(string expected, byte[] bytes, bool isKept = false)
    {
        MemoryEndpoint endpoint = new(new Random(2), bytes) { Greedy = true, EndsSource = !isKept };
        _fixture.Pool.AcquireNested(
            PoolFixture.Key(),
            _fixture,
            new ConnectRequest { Authority = Authority, Source = "waypoint" },
            IdentitySet.Of(SessionPair.Id(expected)),
            new ConnectRequest { Authority = Authority, ForwardedNetwork = "near" },
            endpoint);
        return endpoint;
    }

    /// <summary>Its bytes are there when it is told that the tunnel is.</summary>
    private void Speak(MemoryEndpoint endpoint)
    {
        _fixture.Until(() => endpoint.Opened is not null, "the tunnel");
        ((StreamEndpoint)endpoint).Stream!.OnSourceReadable(ended: endpoint.EndsSource);
    }

    /// <summary>What a gateway does: it ends the outer tunnel and hands on what is within.</summary>
    private void Cross(TunnelStream stream)
    {
        SocketIo.SocketPair(out int near, out int far).OrThrow("socketpair", "test");
        _farEnds.Add(Session.Accept(_fixture.Loop, new HboneSettings(), PoolFixture.ServerContext, new PeerRequirement.SameTrustDomain("cluster.local"), far, new Forwarding(_far)));
        Carrier carrier = new(_fixture.Loop, near);
        stream.Accept(carrier, new ConnectResponse(200));
        carrier.Begin();
    }

    /// <summary>Tells one owner of the requests of several sessions.</summary>
    private sealed class Forwarding(RecordingOwner owner) : SessionOwner
    {
        public override void OnConnect(Session session, TunnelStream stream, ConnectRequest request) => owner.OnConnect(session, stream, request);
    }

    private sealed class Carrier : SocketEndpoint
    {
        public Carrier(EventLoop.EventLoop loop, int fd) => Socket.Watch(loop, fd);

        public void Begin()
        {
            Socket.IsReadable = true;
            ResumeReading();
        }

        protected override void OnBytesFromSocket(long bytes)
        {
        }

        protected override void OnBytesToSocket(long bytes)
        {
        }

        protected override void OnEnded(in StreamClosure closure)
        {
        }
    }
}
