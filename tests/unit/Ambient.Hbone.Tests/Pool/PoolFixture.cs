using Ambient.EventLoop;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Pool;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Tests.Sessions;
using Ambient.Identity.Issuing;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;

namespace Ambient.Hbone.Tests.Pool;

/// <summary>A pool whose dials end at servers of the test's own, on one loop that the test turns.</summary>
internal sealed class PoolFixture : ITunnelDialer, IDisposable
{
    private static readonly Lazy<(TlsContext Client, TlsContext Server)> Contexts = new(MakeContexts);
    private readonly HboneSettings _settings;
    private readonly List<Session> _servers = [];

    public PoolFixture(HboneSettings settings)
    {
        _settings = settings;
        Loop = new EventLoop.EventLoop("pool", new EventLoopOptions { FaultSink = (_, _, fault) => Faults.Add(fault) });
        Loop.RunOnce(0);
        Pool = new TunnelPool(Loop, settings);
    }

    /// <summary>The certificate of its servers, ready.</summary>
    public static TlsContext ServerContext => Contexts.Value.Server;

    public EventLoop.EventLoop Loop { get; }

    public TunnelPool Pool { get; }

    public List<Exception> Faults { get; } = [];

    /// <summary>How often the pool dialled.</summary>
    public int Dials { get; private set; }

    /// <summary>Makes dials fail.</summary>
    public Errno? DialError { get; set; }

    /// <summary>Makes dials end at nobody: the connection closes before the handshake.</summary>
    public bool HangsUp { get; set; }

    /// <summary>Who is expected to answer.</summary>
    public string Expected { get; set; } = "server";

    /// <summary>The other ends of the pool's tunnels, in the order of the dials.</summary>
    public IReadOnlyList<Session> Servers => _servers;

    /// <summary>What servers do with a request; they accept and return everything when it is null.</summary>
    public Action<TunnelStream>? OnRequest { get; set; }

    TlsContext ITunnelDialer.Context => Contexts.Value.Client;

    PeerRequirement ITunnelDialer.Peer => new PeerRequirement.AnyOf([SessionPair.Id(Expected)]);

    public static PoolKey Key(int number = 1, string source = "10.0.0.1:1234") => new(
        SessionPair.Id("client"),
        [SessionPair.Id("server")],
        SocketAddress.From((ReadOnlySpan<byte>)[10, 1, 0, (byte)number], 15008),
        SocketAddress.TryParse(source, out SocketAddress address) ? address : throw new ArgumentException(source));

    /// <summary>Opens a stream that stays until it is ended.</summary>
    public MemoryEndpoint Open(PoolKey key)
    {
        var endpoint = new MemoryEndpoint(new Random(1), []) { EndsSource = false };
        Pool.Acquire(key, this, new ConnectRequest { Authority = "10.0.0.9:80" }, endpoint);
        return endpoint;
    }

    /// <summary>Ends a stream from the client's side; the server follows.</summary>
    public static void End(MemoryEndpoint endpoint)
    {
        endpoint.EndsSource = true;
        ((StreamEndpoint)endpoint).Stream!.OnSourceReadable(true);
    }

    public SysResult OpenSocket(in PoolKey key)
    {
        Dials++;
        if (DialError is { } error)
        {
            return SysResult.Failure(error);
        }

        SocketIo.SocketPair(out int client, out int server).OrThrow("socketpair", "test");
        if (HangsUp)
        {
            SocketIo.Close(server);
            return SysResult.Success(client);
        }

        var owner = new RecordingOwner
        {
            OnRequest = (stream, _) =>
            {
                if (OnRequest is { } handle)
                {
                    handle(stream);
                    return;
                }

                var echo = new MemoryEndpoint(new Random(2), []);
                stream.Accept(echo, new ConnectResponse(200));
                stream.OnSourceReadable(true);
            },
        };
        _servers.Add(Session.Accept(Loop, _settings with { PoolMaxStreams = 1 }, Contexts.Value.Server, new PeerRequirement.SameTrustDomain("cluster.local"), server, owner));
        return SysResult.Success(client);
    }

    /// <summary>Turns the loop until the condition holds.</summary>
    public void Until(Func<bool> condition, string what)
    {
        long deadline = Environment.TickCount64 + 20_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, "not reached in time: " + what);
            Loop.RunOnce(10);
            Assert.Empty(Faults);
        }
    }

    public void Dispose()
    {
        Pool.AbortAll(CloseReason.Completed, "test is over");
        _servers.ForEach(s => s.Abort(CloseReason.Completed, "test is over"));
        Assert.Empty(Loop.Buffers.Leaks());
        Loop.Dispose();
    }

    private static (TlsContext Client, TlsContext Server) MakeContexts()
    {
        string directory = Directory.CreateTempSubdirectory("ambient-hbone-").FullName;
        using LocalAuthority authority = LocalAuthority.Open(new LocalAuthorityOptions { Directory = directory }, TimeProvider.System);
        return (TlsContext.Create(authority.Issue(SessionPair.Id("client")), new TlsSettings()), TlsContext.Create(authority.Issue(SessionPair.Id("server")), new TlsSettings()));
    }
}
