using Ambient.EventLoop;
using Ambient.Hbone.Sessions;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;

namespace Ambient.Hbone.Tests.Sessions;

/// <summary>Whatever comes instead of a handshake ends the session with a reason, and never throws.</summary>
public sealed class HandshakeFailureTests : IDisposable
{
    private readonly List<Exception> _faults = [];
    private readonly EventLoop.EventLoop _loop;
    private readonly RecordingOwner _owner = new();
    private readonly Session _session;
    private int _peer;

    public HandshakeFailureTests()
    {
        _loop = new EventLoop.EventLoop("failures", new EventLoopOptions { FaultSink = (_, _, fault) => _faults.Add(fault) });
        _loop.RunOnce(0);
        SocketIo.SocketPair(out int ours, out _peer).OrThrow("socketpair", "test");
        _session = Session.Accept(_loop, new HboneSettings(), SessionPair.ServerContext, new PeerRequirement.SameTrustDomain("cluster.local"), ours, _owner);
    }

    public void Dispose()
    {
        _session.Abort(CloseReason.Completed, "test is over");
        ClosePeer();
        Assert.Empty(_loop.Buffers.Leaks());
        _loop.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60_000)]
    public void GarbageBehindAGoodFirstRecord_IsNoHandshake(int length)
    {
        Send([.. ClientHello(), .. Enumerable.Repeat((byte)'x', length)]);
        Assert.Equal((CloseReason.TlsFailure, "the peer sent plaintext where TLS is due"), Ended());
    }

    [Fact]
    public void PeerThatIsGone_WhenItsHandshakeFails_TheReasonIsStillTheFirst()
    {
        Send("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        ClosePeer();
        Assert.Equal((CloseReason.TlsFailure, "the peer sent plaintext where TLS is due"), Ended());
    }

    [Fact]
    public void PeerThatIsGone_WhenAnAlertIsDue_TheReasonIsStillTheFirst()
    {
        // A ClientHello whose inside is broken: the library answers with an alert, which nobody takes.
        byte[] hello = ClientHello();
        hello.AsSpan(60).Fill(0xee);
        Send(hello);
        ClosePeer();
        (CloseReason reason, string detail) = Ended();
        Assert.Equal(CloseReason.TlsFailure, reason);
        Assert.StartsWith("handshake failed", detail, StringComparison.Ordinal);
    }

    private static byte[] ClientHello()
    {
        using Handshake client = Handshake.Client(SessionPair.ServerContext, new PeerRequirement.AnyOf([]));
        client.Advance([], out _);
        return client.Output.ToArray();
    }

    private (CloseReason Reason, string Detail) Ended()
    {
        long deadline = Environment.TickCount64 + 20_000;
        while (_owner.Closed is null)
        {
            Assert.True(Environment.TickCount64 < deadline, "the session did not end");
            _loop.RunOnce(5);
            Assert.Empty(_faults);
        }

        return _owner.Closed!.Value;
    }

    private void Send(ReadOnlySpan<byte> bytes) => Assert.Equal(bytes.Length, (int)SocketIo.Write(_peer, bytes).Value);

    private void ClosePeer()
    {
        if (_peer >= 0)
        {
            SocketIo.Close(_peer);
            _peer = -1;
        }
    }
}
