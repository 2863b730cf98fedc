using Ambient.EventLoop;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;

namespace Ambient.Hbone.Tests.Sessions;

/// <summary>A client and a server session over a socket pair, on a loop that the test turns.</summary>
internal sealed class SessionPair : IDisposable
{
    private static readonly Lazy<(TlsContext Client, TlsContext Server, SpiffeId ServerIdentity)> Contexts = new(MakeContexts);

    public SessionPair(HboneSettings? clientSettings = null, HboneSettings? serverSettings = null, PeerRequirement? expected = null)
    {
        Loop = new EventLoop.EventLoop("pair", new EventLoopOptions { FaultSink = (name, what, fault) => Faults.Add(fault) });
        Loop.RunOnce(0);
        SocketIo.SocketPair(out int a, out int b).OrThrow("socketpair", "test");
        (TlsContext client, TlsContext server, SpiffeId identity) = Contexts.Value;
        Server = Session.Accept(Loop, serverSettings ?? new HboneSettings(), server, new PeerRequirement.SameTrustDomain("cluster.local"), b, ServerOwner);
        Client = Session.Connect(Loop, clientSettings ?? new HboneSettings(), client, expected ?? new PeerRequirement.AnyOf([identity]), a, ClientOwner);
    }

    /// <summary>The server's certificate, ready.</summary>
    public static TlsContext ServerContext => Contexts.Value.Server;

    public EventLoop.EventLoop Loop { get; }

    public List<Exception> Faults { get; } = [];

    public Session Client { get; }

    public Session Server { get; }

    public RecordingOwner ClientOwner { get; } = new();

    public RecordingOwner ServerOwner { get; } = new();

    /// <summary>Turns the loop until the condition holds.</summary>
    public void Until(Func<bool> condition, string what)
    {
        long deadline = Environment.TickCount64 + 20_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, "not reached in time: " + what + $"; client closed: {ClientOwner.Closed}, server closed: {ServerOwner.Closed}");
            Loop.RunOnce(50);
            Assert.Empty(Faults);
        }
    }

    public void Dispose()
    {
        Client.Abort(CloseReason.Completed, "test is over");
        Server.Abort(CloseReason.Completed, "test is over");
        Assert.Empty(Loop.Buffers.Leaks());
        Loop.Dispose();
    }

    private static (TlsContext Client, TlsContext Server, SpiffeId ServerIdentity) MakeContexts()
    {
        string directory = Directory.CreateTempSubdirectory("ambient-hbone-").FullName;
        using LocalAuthority authority = LocalAuthority.Open(new LocalAuthorityOptions { Directory = directory }, TimeProvider.System);
        SpiffeId server = Id("server");
        TlsContext Make(SpiffeId id)
        {
            WorkloadCertificate certificate = authority.Issue(id);
            return TlsContext.Create(certificate, new TlsSettings());
        }

        return (Make(Id("client")), Make(server), server);
    }

    public static SpiffeId Id(string account) => SpiffeId.TryParse($"spiffe://cluster.local/ns/test/sa/{account}", out SpiffeId? id) ? id! : throw new InvalidOperationException();
}

/// <summary>Remembers what it was told.</summary>
internal sealed class RecordingOwner : SessionOwner
{
    public List<(TunnelStream Stream, ConnectRequest Request)> Requests { get; } = [];

    public List<StreamClosure> Abandoned { get; } = [];

    public (CloseReason Reason, string Detail)? Closed { get; private set; }

    public bool Established { get; private set; }

    public Action<TunnelStream, ConnectRequest>? OnRequest { get; set; }

    public override void OnEstablished(Session session) => Established = true;

    public override void OnConnect(Session session, TunnelStream stream, ConnectRequest request)
    {
        Requests.Add((stream, request));
        OnRequest?.Invoke(stream, request);
    }

    public override void OnAbandoned(Session session, TunnelStream stream, in StreamClosure closure) => Abandoned.Add(closure);

    public override void OnClosed(Session session, CloseReason reason, string detail)
    {
        Assert.Null(Closed);
        Closed = (reason, detail);
    }
}

/// <summary>An application in memory: a source of bytes with awkward pieces, and a sink that takes what it likes.</summary>
internal sealed unsafe class MemoryEndpoint(Random random, byte[] source) : StreamEndpoint
{
    private int _offset;

    public new TunnelStream? Stream { get; set; }

    public MemoryStream Received { get; } = new();

    public ConnectResponse? Opened { get; private set; }

    public StreamClosure? Closure { get; private set; }

    public bool PeerEnded { get; private set; }

    public bool EndsSource { get; set; } = true;

    public bool Stalled { get; set; }

    public Errno? ReadError { get; set; }

    public Errno? WriteError { get; set; }

    /// <summary>Takes everything at once, instead of pieces as chance wants it.</summary>
    public bool Greedy { get; set; }

    public override SysResult Read(ReadOnlySpan<IoVector> into)
    {
        Assert.Null(Closure);
        if (ReadError is { } error)
        {
            return SysResult.Failure(error);
        }

        int left = source.Length - _offset;
        if (left == 0)
        {
            return EndsSource ? SysResult.Success(0) : SysResult.Failure(Errno.EAGAIN);
        }

        int limit = random.Next(4) == 0 ? random.Next(1, 50_000) : int.MaxValue;
        int read = 0;
        foreach (IoVector vector in into)
        {
            int length = Math.Min((int)vector.Length, Math.Min(left - read, limit - read));
            source.AsSpan(_offset + read, length).CopyTo(new Span<byte>((void*)vector.Address, length));
            read += length;
        }

        _offset += read;
        return SysResult.Success(read);
    }

    public override SysResult Write(ReadOnlySpan<IoVector> from)
    {
        Assert.Null(Closure);
        if (WriteError is { } error)
        {
            return SysResult.Failure(error);
        }

        if (Stalled || (!Greedy && random.Next(8) == 0))
        {
            return SysResult.Failure(Errno.EAGAIN);
        }

        int taken = 0;
        int limit = !Greedy && random.Next(3) == 0 ? random.Next(1, 30_000) : int.MaxValue;
        foreach (IoVector vector in from)
        {
            int length = Math.Min((int)vector.Length, limit - taken);
            Received.Write(new ReadOnlySpan<byte>((void*)vector.Address, length));
            taken += length;
        }

        return SysResult.Success(taken);
    }

    public override void OnOpened(in ConnectResponse response) => Opened = response;

    public override void OnPeerEnded() => PeerEnded = true;

    public override void OnClosed(in StreamClosure closure)
    {
        Assert.Null(Closure);
        Closure = closure;
    }
}
