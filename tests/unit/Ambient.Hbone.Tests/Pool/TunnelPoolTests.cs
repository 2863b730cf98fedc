using Ambient.Hbone.Frames;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Tests.Sessions;
using Ambient.Linux;
using Ambient.Mesh.Connections;

namespace Ambient.Hbone.Tests.Pool;

/// <summary>Which streams share a tunnel, and when tunnels end (ztunnel.md 2.8).</summary>
public sealed class TunnelPoolTests
{
    private static readonly HboneSettings Settings = new();

    [Fact]
    [Trait("behaviour", "ZT-131")]
    public void StreamsUpToTheLimit_ShareOneTunnel_AlsoLaterOnes()
    {
        using var fixture = new PoolFixture(Settings with { PoolMaxStreams = 3 });
        MemoryEndpoint[] first = [fixture.Open(PoolFixture.Key()), fixture.Open(PoolFixture.Key())];
        Opened(fixture, first);
        Array.ForEach(first, PoolFixture.End);
        Closed(fixture, first);
        MemoryEndpoint[] second = [fixture.Open(PoolFixture.Key()), fixture.Open(PoolFixture.Key())];
        Opened(fixture, second);
        Assert.Equal(1, fixture.Dials);

        MemoryEndpoint[] more = [fixture.Open(PoolFixture.Key()), fixture.Open(PoolFixture.Key())];
        Opened(fixture, more);
        Assert.Equal(2, fixture.Dials);

        fixture.Pool.AbortAll(CloseReason.PodRemoved, "the pod is gone");
        Assert.All(second.Concat(more), e => Assert.Equal(CloseReason.PodRemoved, e.Closure!.Value.Reason));
        Assert.Empty(fixture.Pool.Sessions);
    }

    [Fact]
    [Trait("behaviour", "ZT-132")]
    public void AnotherSourceAddress_IsAnotherTunnel_AnotherSourcePortIsNot()
    {
        using var fixture = new PoolFixture(Settings);
        Opened(fixture, fixture.Open(PoolFixture.Key(source: "10.0.0.1:1000")), fixture.Open(PoolFixture.Key(source: "10.0.0.1:2000")), fixture.Open(PoolFixture.Key(source: "10.0.0.2:1000")));
        Assert.Equal(2, fixture.Dials);
    }

    [Fact]
    [Trait("behaviour", "ZT-133")]
    public void HundredAtOnce_MakeOneHandshake()
    {
        using var fixture = new PoolFixture(Settings with { PoolMaxStreams = 101 });
        Opened(fixture, [.. Enumerable.Range(0, 100).Select(_ => fixture.Open(PoolFixture.Key()))]);
        Assert.Equal(1, fixture.Dials);
    }

    [Fact]
    [Trait("behaviour", "ZT-134")]
    public void HundredKeys_MakeHundredTunnels()
    {
        using var fixture = new PoolFixture(Settings);

        // Ten at a time: all handshakes at once take a busy machine longer than a handshake may.
        foreach (int[] keys in Enumerable.Range(1, 100).Chunk(10))
        {
            Opened(fixture, [.. keys.Select(i => fixture.Open(PoolFixture.Key(i)))]);
        }

        Assert.Equal(100, fixture.Dials);
        Assert.Equal(100, fixture.Pool.Count);
    }

    [Fact]
    [Trait("behaviour", "ZT-135")]
    public void ThreeHundredShortStreamsOverThreeKeys_MakeThreeTunnels()
    {
        using var fixture = new PoolFixture(Settings with { PoolMaxStreams = 100 });
        MemoryEndpoint[] all = [.. Enumerable.Range(0, 300).Select(i => fixture.Open(PoolFixture.Key(1 + (i % 3))))];
        Array.ForEach(all, e => e.EndsSource = true);
        Opened(fixture, all);
        Array.ForEach(all, PoolFixture.End);
        Closed(fixture, all);
        Assert.Equal(3, fixture.Dials);
    }

    [Fact]
    [Trait("behaviour", "ZT-136")]
    public void IdleTunnel_IsClosedAfterItsTime()
    {
        using var fixture = new PoolFixture(Settings with { PoolIdle = TimeSpan.FromMilliseconds(100) });
        MemoryEndpoint stream = fixture.Open(PoolFixture.Key());
        Opened(fixture, stream);
        PoolFixture.End(stream);
        Closed(fixture, stream);
        fixture.Until(() => fixture.Pool.Sessions.Count == 0, "the idle tunnel's end");
        Assert.Equal(0, fixture.Pool.Count);
        Opened(fixture, fixture.Open(PoolFixture.Key()));
        Assert.Equal(2, fixture.Dials);
    }

    [Fact]
    [Trait("behaviour", "ZT-137")]
    public void BusyTunnel_SurvivesTheIdleTime()
    {
        using var fixture = new PoolFixture(Settings with { PoolIdle = TimeSpan.FromMilliseconds(50) });
        MemoryEndpoint busy = fixture.Open(PoolFixture.Key());
        Opened(fixture, busy);
        long until = fixture.Loop.NowMilliseconds + 400;
        fixture.Until(() => fixture.Loop.NowMilliseconds > until, "eight idle times");
        Assert.Null(busy.Closure);
        Assert.Single(fixture.Pool.Sessions);
        PoolFixture.End(busy);
        Closed(fixture, busy);
        fixture.Until(() => fixture.Pool.Sessions.Count == 0, "the end once it is idle");
    }

    [Fact]
    public void FailedDial_IsToldToTheOneWhoAsked_AndTheNextDialsAgain()
    {
        using var fixture = new PoolFixture(Settings) { DialError = Errno.ENETUNREACH };
        MemoryEndpoint failed = fixture.Open(PoolFixture.Key());
        Assert.Equal(CloseReason.ConnectFailed, failed.Closure!.Value.Reason);
        fixture.DialError = Errno.EMFILE;
        Assert.Equal(CloseReason.OutOfResources, fixture.Open(PoolFixture.Key()).Closure!.Value.Reason);
        fixture.DialError = null;
        Opened(fixture, fixture.Open(PoolFixture.Key()));
        Assert.Equal(3, fixture.Dials);
    }

    [Fact]
    public void HandshakeThatFails_ReleasesAllWhoWait_AndTheNextDialsAgain()
    {
        using var fixture = new PoolFixture(Settings) { HangsUp = true };
        MemoryEndpoint[] waiting = [.. Enumerable.Range(0, 20).Select(_ => fixture.Open(PoolFixture.Key()))];
        Closed(fixture, waiting);
        Assert.Equal(1, fixture.Dials);
        Assert.All(waiting, e => Assert.Null(e.Opened));
        Assert.Empty(fixture.Pool.Sessions);
        Assert.Equal(0, fixture.Pool.Count);

        fixture.HangsUp = false;
        Opened(fixture, fixture.Open(PoolFixture.Key()));
        Assert.Equal(2, fixture.Dials);
    }

    [Fact]
    public void PeerWithAnotherIdentity_IsNeverPooled()
    {
        using var fixture = new PoolFixture(Settings) { Expected = "somebody-else" };
        MemoryEndpoint[] waiting = [fixture.Open(PoolFixture.Key()), fixture.Open(PoolFixture.Key())];
        Closed(fixture, waiting);
        Assert.All(waiting, e => Assert.Equal(CloseReason.PeerIdentityMismatch, e.Closure!.Value.Reason));
        Assert.Empty(fixture.Pool.Sessions);
        Assert.Equal(0, fixture.Pool.Count);
    }

    [Fact]
    public void PeerThatGoesAway_TakesNoMoreStreams_ThoseItHasFinish()
    {
        using var fixture = new PoolFixture(Settings);
        MemoryEndpoint living = fixture.Open(PoolFixture.Key());
        Opened(fixture, living);
        fixture.Servers[0].Drain();
        fixture.Until(() => fixture.Pool.Count == 0, "GOAWAY");

        MemoryEndpoint next = fixture.Open(PoolFixture.Key());
        Opened(fixture, next);
        Assert.Equal(2, fixture.Dials);
        Assert.Null(living.Closure);
        PoolFixture.End(living);
        Closed(fixture, living);
        Assert.True(living.Closure!.Value.Clean);
        fixture.Until(() => fixture.Pool.Sessions.Count == 1, "the end of the first tunnel");
    }

    [Fact]
    public void TunnelThatBreaks_TellsItsStreams_AndTheNextDialsAgain()
    {
        using var fixture = new PoolFixture(Settings);
        MemoryEndpoint[] living = [fixture.Open(PoolFixture.Key()), fixture.Open(PoolFixture.Key())];
        Opened(fixture, living);
        fixture.Servers[0].Abort(CloseReason.PodRemoved, "the pod is gone", Ambient.Hbone.Frames.Http2Error.InternalError);
        Closed(fixture, living);
        Assert.All(living, e => Assert.True(CloseReasons.Describe(e.Closure!.Value.Reason).IsFailure));

        Opened(fixture, fixture.Open(PoolFixture.Key()));
        Assert.Equal(2, fixture.Dials);
    }

    [Fact]
    public void Drained_NoNewStreams_LivingOnesFinish()
    {
        using var fixture = new PoolFixture(Settings);
        MemoryEndpoint living = fixture.Open(PoolFixture.Key());
        Opened(fixture, living);
        fixture.Pool.Drain();
        MemoryEndpoint late = fixture.Open(PoolFixture.Key());
        Assert.Equal(CloseReason.Drained, late.Closure!.Value.Reason);
        Assert.Null(living.Closure);
        PoolFixture.End(living);
        Closed(fixture, living);
        Assert.True(living.Closure!.Value.Clean);
        fixture.Until(() => fixture.Pool.Sessions.Count == 0, "the end of the tunnel");
    }

    [Fact]
    public void DrainedWhileConnecting_TheWaitingStreamFinishes_AndTheTunnelCloses()
    {
        using var fixture = new PoolFixture(Settings);
        MemoryEndpoint waiting = fixture.Open(PoolFixture.Key());
        fixture.Pool.Drain();
        Opened(fixture, waiting);
        PoolFixture.End(waiting);
        Closed(fixture, waiting);
        Assert.True(waiting.Closure!.Value.Clean);
        fixture.Until(() => fixture.Pool.Sessions.Count == 0, "the end of the tunnel");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void StreamThatGivesUpWhileConnecting_LeavesNoTunnelBehind(int streamsPerTunnel)
    {
        using var fixture = new PoolFixture(Settings with { PoolMaxStreams = streamsPerTunnel, PoolIdle = TimeSpan.FromMilliseconds(50) });
        MemoryEndpoint waiting = fixture.Open(PoolFixture.Key());
        ((StreamEndpoint)waiting).Stream!.Reset(Http2Error.Cancel, CloseReason.ClientClosed);
        fixture.Until(() => fixture.Pool.Sessions.Count == 0, "the end of the tunnel that nobody uses");
    }

    [Fact]
    public void MoreTunnelsThanThePoolKeeps_TheOldestIdleOneGoes()
    {
        using var fixture = new PoolFixture(Settings with { PoolCapacity = 2 });
        for (int i = 1; i <= 3; i++)
        {
            MemoryEndpoint stream = fixture.Open(PoolFixture.Key(i));
            Opened(fixture, stream);
            PoolFixture.End(stream);
            Closed(fixture, stream);
        }

        fixture.Until(() => fixture.Pool.Sessions.Count == 2, "the oldest tunnel's end");
        Opened(fixture, fixture.Open(PoolFixture.Key(3)), fixture.Open(PoolFixture.Key(2)));
        Assert.Equal(3, fixture.Dials);
    }

    private static void Opened(PoolFixture fixture, params MemoryEndpoint[] endpoints)
    {
        fixture.Until(() => endpoints.All(e => e.Opened is not null || e.Closure is not null), "the streams' beginning");
        Assert.All(endpoints, e => Assert.NotNull(e.Opened));
    }

    private static void Closed(PoolFixture fixture, params MemoryEndpoint[] endpoints) => fixture.Until(() => endpoints.All(e => e.Closure is not null), "the streams' end");
}
