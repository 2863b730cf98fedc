using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Tests.Abuse;
using Ambient.Mesh.Connections;
using static Ambient.Hbone.Tests.Abuse.Raw;

namespace Ambient.Hbone.Tests.Sessions;

/// <summary>What a slow application still gets when its tunnel is gone: everything, if everything had arrived; a reset otherwise.</summary>
public sealed class LingeringTests
{
    private const int Length = 40_000;
    private static readonly byte[] Answer = Request(1, (":status", "200"));

    [Fact]
    [Trait("behaviour", "ZT-138")]
    public void TunnelLostBehindTheEnd_EverythingIsDelivered()
    {
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint application = Stalled(peer, Data(1, 15_000), Data(1, 15_000), Data(1, 10_000, EndStream));
        peer.Session.Abort(CloseReason.KeepAliveTimeout, "the peer's node is gone");
        Assert.Null(application.Closure);

        Take(peer, application);
        Assert.Equal(Length, application.Received.Length);
        Assert.True(application.PeerEnded);
        Assert.True(application.Closure!.Value.IsRemoteComplete);
        Assert.Equal(CloseReason.KeepAliveTimeout, application.Closure.Value.Reason);
    }

    [Fact]
    public void StopSendingBehindTheEnd_DoesNotDiscardTheResponse()
    {
        // Servers that need nothing more from us say so with NO_ERROR (RFC 9113 section 8.1).
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint application = Stalled(peer, Data(1, 15_000), Data(1, 15_000), Data(1, 10_000, EndStream), Reset(1, Http2Error.NoError));
        peer.Until(() => peer.Session.ActiveStreams == 0, "the reset");
        Assert.Null(application.Closure);

        Take(peer, application);
        Assert.Equal(Length, application.Received.Length);
        Assert.True(application.PeerEnded);
    }

    [Fact]
    public void NoErrorWithoutAnEnd_DeliversWhatCame()
    {
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint application = Stalled(peer, Data(1, 10_000), Reset(1, Http2Error.NoError));
        peer.Until(() => peer.Session.ActiveStreams == 0, "the reset");

        Take(peer, application);
        Assert.Equal(10_000, application.Received.Length);
        Assert.False(application.PeerEnded);
        Assert.False(application.Closure!.Value.IsRemoteComplete);
    }

    [Fact]
    public void EndThatWasDelivered_IsRemembered()
    {
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint application = Open(peer);
        peer.Send(Answer, Data(1, 100, EndStream));
        peer.Until(() => application.PeerEnded, "the end");
        peer.Session.Abort(CloseReason.KeepAliveTimeout, "the peer's node is gone");
        Assert.True(application.Closure!.Value.IsRemoteComplete);
    }

    [Fact]
    public void TunnelLostBeforeTheEnd_IsAResetAtOnce()
    {
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint application = Stalled(peer, Data(1, 10_000));
        peer.Session.Abort(CloseReason.KeepAliveTimeout, "the peer's node is gone");
        Assert.False(application.Closure!.Value.IsRemoteComplete);
        Assert.Equal(CloseReason.KeepAliveTimeout, application.Closure.Value.Reason);
    }

    [Fact]
    public void ErrorBehindTheEnd_IsAResetAtOnce()
    {
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint application = Stalled(peer, Data(1, 10_000, EndStream), Reset(1, Http2Error.Cancel));
        peer.Until(() => application.Closure is not null, "the reset");
        Assert.False(application.Closure!.Value.IsRemoteComplete);
        Assert.Equal(0, application.Received.Length);
    }

    [Fact]
    public void PolicyThatRefusesLater_EndsALingeringStreamToo()
    {
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint application = Stalled(peer, Data(1, 10_000, EndStream));
        TunnelStream stream = ((StreamEndpoint)application).Stream!;
        peer.Session.Abort(CloseReason.KeepAliveTimeout, "the peer's node is gone");
        stream.Reset(Http2Error.Cancel, CloseReason.PolicyChanged, "denied");
        Assert.Equal(CloseReason.PolicyChanged, application.Closure!.Value.Reason);
        Assert.False(application.Closure.Value.IsRemoteComplete);
    }

    private static MemoryEndpoint Open(RawPeer peer)
    {
        var application = new MemoryEndpoint(new Random(1), []) { EndsSource = false };
        peer.Session.Open(new ConnectRequest { Authority = "10.0.0.1:80" }, application);
        peer.Until(() => peer.Received().Any(f => f.Type == FrameType.Headers), "the request");
        return application;
    }

    // The ping's answer tells that the session has read everything before it.
    private static MemoryEndpoint Stalled(RawPeer peer, params byte[][] frames)
    {
        MemoryEndpoint application = Open(peer);
        application.Stalled = true;
        peer.Send([Answer, .. frames, Frame(FrameType.Ping, 0, 0, new byte[8])]);
        peer.Until(() => peer.Received().Any(f => f.Type == FrameType.Ping && f.Flags == Ack), "the ping's answer");
        return application;
    }

    private static void Take(RawPeer peer, MemoryEndpoint application)
    {
        application.Stalled = false;
        peer.Until(
            () =>
            {
                ((StreamEndpoint)application).Stream?.OnSinkWritable();
                return application.Closure is not null;
            },
            "the rest");
    }
}
