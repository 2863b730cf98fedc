using Ambient.Mesh.Identities;
using Ambient.Testing.Clocks;
using Ambient.Xds.Server.Serving;

namespace Ambient.Xds.Server.Tests.Serving;

public sealed class StreamLimitsTests
{
    private static readonly XdsServerOptions Options = new()
    {
        Authenticate = static (_, _) => throw new InvalidOperationException(),
        MaxStreamsOfPod = 2,
        MaxStreamsOfIdentity = 3,
        StreamsPerSecond = 10,
        LongestTurn = TimeSpan.FromSeconds(1),
    };

    private readonly ManualTime _clock = new();

    [Fact]
    public void Pods_AreCountedEachForItself_AndWhoShowsNone_ByIdentity()
    {
        var limits = new StreamLimits(Options, _clock);
        XdsCaller a = Caller("uid-a"), b = Caller("uid-b"), none = Caller("");
        Assert.Equal([true, true, false], Enter(limits, a, 3));
        Assert.Equal([true, true, false], Enter(limits, b, 3));
        Assert.Equal([true, true, true, false], Enter(limits, none, 4));
        limits.Leave(a);
        Assert.Equal([true, false], Enter(limits, a, 2));
        foreach ((XdsCaller caller, int count) in new[] { (a, 2), (b, 2), (none, 3) })
        {
            for (int i = 0; i < count; i++)
            {
                limits.Leave(caller);
            }
        }

        Assert.Equal(0, limits.Callers);
    }

    [Fact]
    public void AsManyAsComeInASecond_ComeAtOnce_TheOthersInTurn_AndNobodyForTooLong()
    {
        var limits = new StreamLimits(Options, _clock);
        TimeSpan?[] turns = [.. Enumerable.Range(0, 25).Select(_ => limits.Turn())];
        Assert.All(turns[..10], static turn => Assert.Equal(TimeSpan.Zero, turn));
        Assert.Equal(TimeSpan.FromMilliseconds(100), turns[10]);
        Assert.Equal(TimeSpan.FromSeconds(1), turns[19]);
        Assert.All(turns[20..], static turn => Assert.Null(turn));

        // Who was sent away has taken nobody's turn.
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(100), limits.Turn());
    }

    /// <summary>Who comes and goes had paid for turns that nobody took, and the others were refused.</summary>
    [Fact]
    public async Task WhoGoesWhileWaiting_GivesTheTurnBack()
    {
        var limits = new StreamLimits(Options, _clock);
        for (int i = 0; i < 10; i++)
        {
            Assert.True(await limits.AwaitTurnAsync(CancellationToken.None));
        }

        for (int i = 0; i < 50; i++)
        {
            using var call = new CancellationTokenSource();
            Task<bool> waiting = limits.AwaitTurnAsync(call.Token).AsTask();
            await call.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        Assert.Equal(TimeSpan.FromMilliseconds(100), limits.Turn());
        Task<bool> next = limits.AwaitTurnAsync(CancellationToken.None).AsTask();
        Assert.False(next.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(200));
        Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void AClockThatIsPutBack_RefusesNobody()
    {
        var clock = new WallClock();
        var limits = new StreamLimits(Options, clock);
        Assert.Equal(TimeSpan.Zero, limits.Turn());
        clock.Wall -= TimeSpan.FromHours(1);
        Assert.Equal(TimeSpan.Zero, limits.Turn());
    }

    private static XdsCaller Caller(string pod) => new([new SpiffeId("cluster.local", "istio-system", "ztunnel")], pod);

    private static bool[] Enter(StreamLimits limits, XdsCaller caller, int count) => [.. Enumerable.Range(0, count).Select(_ => limits.TryEnter(caller))];

    /// <summary>Time stands still; what the wall says is set.</summary>
    private sealed class WallClock : TimeProvider
    {
        public DateTimeOffset Wall { get; set; } = DateTimeOffset.UnixEpoch.AddYears(50);

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => 1;
    }
}
