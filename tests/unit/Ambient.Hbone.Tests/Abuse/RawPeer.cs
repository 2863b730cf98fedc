using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Tests.Sessions;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;

namespace Ambient.Hbone.Tests.Abuse;

/// <summary>A peer that sends what a test likes, over the runtime's own TLS; the session under test runs on a loop that the test turns.</summary>
internal sealed class RawPeer : IDisposable
{
    private static readonly Lazy<(TlsContext Ours, X509Certificate2 Foreign)> Identities = new(MakeIdentities);

    private readonly SslStream _tls;
    private readonly List<byte> _unread = [];
    private readonly Lock _gate = new();
    private readonly List<(FrameType Type, byte Flags, int Stream, byte[] Payload)> _frames = [];
    private int _preface;
    private bool _closed;

    private RawPeer(bool isServer, HboneSettings settings, TimeProvider clock)
    {
        _preface = isServer ? Raw.Preface.Length : 0;
        Loop = new EventLoop.EventLoop("raw", new EventLoopOptions { TimeProvider = clock, FaultSink = (_, _, fault) => Faults.Add(fault) });
        Loop.RunOnce(0);
        SocketIo.SocketPair(out int ours, out int theirs).OrThrow("socketpair", "test");
        PeerRequirement anybody = new PeerRequirement.SameTrustDomain("cluster.local");
        Session = isServer
            ? Session.Connect(Loop, settings, Identities.Value.Ours, anybody, ours, Owner)
            : Session.Accept(Loop, settings, Identities.Value.Ours, anybody, ours, Owner);
        _tls = new SslStream(new NetworkStream(new Socket(new SafeSocketHandle(theirs, ownsHandle: true)), ownsSocket: true), leaveInnerStreamOpen: false);
        Run(isServer ? AuthenticateAsServerAsync() : AuthenticateAsClientAsync());
        _ = Task.Run(ReadAsync);
    }

    public EventLoop.EventLoop Loop { get; }

    public RecordingOwner Owner { get; } = new();

    public Session Session { get; }

    public List<Exception> Faults { get; } = [];

    /// <summary>When set, each read of the peer needs a permit first.</summary>
    public SemaphoreSlim? ReadPermits { get; set; }

    /// <summary>Error code of the GOAWAY that arrived; null before.</summary>
    public Http2Error? GoAway => Received().Where(f => f.Type == FrameType.GoAway).Select(f => (Http2Error?)BinaryPrimitives.ReadUInt32BigEndian(f.Payload.AsSpan(4))).FirstOrDefault();

    /// <summary>A client with preface and settings sent, as a server meets it.</summary>
    public static RawPeer Client(HboneSettings? settings = null, bool greet = true, TimeProvider? clock = null)
    {
        var peer = new RawPeer(isServer: false, settings ?? new HboneSettings(), clock ?? TimeProvider.System);
        if (greet)
        {
            peer.Send(Raw.Preface, Raw.Settings());
            peer.Until(() => peer.Owner.Established, "settings");
        }

        return peer;
    }

    /// <summary>A server with settings sent, as a client meets it.</summary>
    public static RawPeer Server(HboneSettings? settings = null)
    {
        var peer = new RawPeer(isServer: true, settings ?? new HboneSettings(), TimeProvider.System);
        peer.Send(Raw.Settings());
        peer.Until(() => peer.Owner.Established, "settings");
        return peer;
    }

    /// <summary>Frames that arrived so far.</summary>
    public IReadOnlyList<(FrameType Type, byte Flags, int Stream, byte[] Payload)> Received()
    {
        lock (_gate)
        {
            return [.. _frames];
        }
    }

    /// <summary>How many frames arrived so far.</summary>
    public int ReceivedCount
    {
        get
        {
            lock (_gate)
            {
                return _frames.Count;
            }
        }
    }

    /// <summary>Sends bytes; gives up quietly when the session has closed, as an attacker would find out.</summary>
    public void Send(params byte[][] frames)
    {
        try
        {
            Run(_tls.WriteAsync(frames.SelectMany(f => f).ToArray().AsMemory()).AsTask());
        }
        catch (IOException)
        {
            // Closed under the attack; the assertions tell whether that was right.
        }
    }

    /// <summary>Error code of the RST_STREAM that arrived for a stream; null before.</summary>
    public Http2Error? ResetOf(int stream) =>
        Received().Where(f => f.Type == FrameType.RstStream && f.Stream == stream).Select(f => (Http2Error?)BinaryPrimitives.ReadUInt32BigEndian(f.Payload)).FirstOrDefault();

    /// <summary>Turns the loop until the condition holds.</summary>
    public void Until(Func<bool> condition, string what)
    {
        long deadline = Environment.TickCount64 + 20_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, $"not reached in time: {what}; closed: {Owner.Closed}, frames: {string.Join(' ', Received().Select(f => f.Type + "/" + f.Stream))}");
            Loop.RunOnce(5);
            Assert.Empty(Faults);
        }
    }

    /// <summary>Whether the session has closed the connection.</summary>
    public bool IsClosed()
    {
        lock (_gate)
        {
            return _closed;
        }
    }

    public void Dispose()
    {
        Session.Abort(CloseReason.Completed, "test is over");
        Assert.Empty(Faults);
        Assert.Empty(Loop.Buffers.Leaks());
        _tls.Dispose();
        Loop.Dispose();
    }

    private static (TlsContext Ours, X509Certificate2 Foreign) MakeIdentities()
    {
        string directory = Directory.CreateTempSubdirectory("ambient-hbone-").FullName;
        using LocalAuthority authority = LocalAuthority.Open(new LocalAuthorityOptions { Directory = directory }, TimeProvider.System);
        WorkloadCertificate foreign = authority.Issue(SessionPair.Id("foreign"));
        using ECDsa key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(foreign.PrivateKeyPkcs8.Span, out _);
        using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(foreign.LeafDer.Span);
        return (TlsContext.Create(authority.Issue(SessionPair.Id("ours")), new TlsSettings()), leaf.CopyWithPrivateKey(key));
    }

    private Task AuthenticateAsClientAsync() => _tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
    {
        TargetHost = "peer",
        ClientCertificates = [Identities.Value.Foreign],
        LocalCertificateSelectionCallback = (_, _, _, _, _) => Identities.Value.Foreign,
        RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        EnabledSslProtocols = SslProtocols.Tls13,
    });

    private Task AuthenticateAsServerAsync() => _tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
    {
        ServerCertificate = Identities.Value.Foreign,
        ClientCertificateRequired = true,
        RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        EnabledSslProtocols = SslProtocols.Tls13,
    });

    private void Run(Task task)
    {
        Until(() => task.IsCompleted, "the peer's input or output");
        task.GetAwaiter().GetResult();
    }

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[64 << 10];
        try
        {
            for (int n; (n = await _tls.ReadAsync(buffer)) > 0;)
            {
                Take(buffer.AsSpan(0, n));
                if (ReadPermits is { } permits)
                {
                    await permits.WaitAsync();
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The connection is gone, which is what follows.
        }

        lock (_gate)
        {
            _closed = true;
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _unread.AddRange(bytes);
            if (_preface > 0 && _unread.Count >= _preface)
            {
                Assert.Equal(Raw.Preface, _unread[.._preface]);
                _unread.RemoveRange(0, _preface);
                _preface = 0;
            }

            while (_preface == 0 && _unread.Count >= 9 && ((_unread[0] << 16) | (_unread[1] << 8) | _unread[2]) is var length && _unread.Count >= 9 + length)
            {
                int stream = ((_unread[5] & 0x7f) << 24) | (_unread[6] << 16) | (_unread[7] << 8) | _unread[8];
                _frames.Add(((FrameType)_unread[3], _unread[4], stream, [.. _unread.GetRange(9, length)]));
                _unread.RemoveRange(0, 9 + length);
            }
        }
    }
}
