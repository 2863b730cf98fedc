using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Tokens;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Tests.Tokens;

/// <summary>Which tokens are asked about, how many at a time, and who is known while nobody answers.</summary>
public sealed class RememberedReviewsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ManualTime _clock = new();
    private readonly Server _server = new();
    private readonly RememberedReviews _reviews;

    public RememberedReviewsTests() => _reviews = new RememberedReviews(_server, _clock);

    [Fact]
    public async Task WhoWasKnown_StaysSoWhileTheServerIsAway_UntilTheTokenEnds()
    {
        string token = Token(_clock.GetUtcNow().AddHours(1));
        Assert.True((await AskAsync(token)).IsAuthenticated);
        _server.Answer = static _ => new TokenReview { Error = "no route", IsTransient = true };
        _clock.Advance(TimeSpan.FromMinutes(50));
        Assert.True((await AskAsync(token)).IsAuthenticated);

        // Asked about again every few seconds, not with each call.
        int asked = _server.Asked.Count;
        Assert.True((await AskAsync(token)).IsAuthenticated);
        Assert.Equal(asked, _server.Asked.Count);
        Assert.False((await AskAsync(Token(_clock.GetUtcNow().AddHours(2)))).IsAuthenticated);
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.False((await AskAsync(token)).IsAuthenticated);
    }

    /// <summary>A token that does not say when it ends is believed for an hour, one that lives for ever for a day.</summary>
    [Fact]
    public async Task OutagesAreBounded()
    {
        string endless = Token(_clock.GetUtcNow().AddYears(1));
        Assert.True((await AskAsync("opaque")).IsAuthenticated && (await AskAsync(endless)).IsAuthenticated);
        _server.Answer = static _ => new TokenReview { Error = "no route", IsTransient = true };
        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.True((await AskAsync("opaque")).IsAuthenticated);
        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.False((await AskAsync("opaque")).IsAuthenticated);
        Assert.True((await AskAsync(endless)).IsAuthenticated);
        _clock.Advance(RememberedReviews.LongestOutage);
        Assert.False((await AskAsync(endless)).IsAuthenticated);
    }

    /// <summary>What the server says counts: that a token is no good any more, or that we may not ask.</summary>
    [Fact]
    public async Task WhoIsKnown_IsAskedAboutAgain_AndAnAnswerCounts()
    {
        Assert.True((await AskAsync("a")).IsAuthenticated && (await AskAsync("b")).IsAuthenticated);
        _clock.Advance(RememberedReviews.Memory);
        _server.Answer = static _ => new TokenReview();
        Assert.False((await AskAsync("a")).IsAuthenticated);
        _server.Answer = static _ => new TokenReview { Error = "403 Forbidden" };
        Assert.False((await AskAsync("b")).IsAuthenticated);
        _server.Answer = static _ => new TokenReview { Error = "no route", IsTransient = true };
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.False((await AskAsync("a")).IsAuthenticated);
    }

    /// <summary>A token that was revoked was believed for as long as the clock was set back.</summary>
    [Fact]
    public async Task WallClockThatIsSetBack_MakesNoMemoryLonger()
    {
        Assert.True((await AskAsync("a")).IsAuthenticated);
        _clock.Jump(TimeSpan.FromHours(-3));
        _clock.Advance(RememberedReviews.Memory);
        _server.Answer = static _ => new TokenReview();
        Assert.False((await AskAsync("a")).IsAuthenticated);
        _clock.Jump(TimeSpan.FromHours(-3));
        _clock.Advance(TimeSpan.FromSeconds(3));
        _server.Answer = Good;
        Assert.True((await AskAsync("a")).IsAuthenticated);
    }

    [Fact]
    public async Task BadTokens_AreRememberedShortly()
    {
        _server.Answer = static _ => new TokenReview();
        Assert.False((await AskAsync("bad")).IsAuthenticated);
        Assert.False((await AskAsync("bad")).IsAuthenticated);
        Assert.Single(_server.Asked);
        _server.Answer = Good;
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True((await AskAsync("bad")).IsAuthenticated);
    }

    /// <summary>10 000 bad tokens were enough to make everybody be asked about anew.</summary>
    [Fact]
    public async Task AnyNumberOfBadTokens_LeavesTheGoodOnesRemembered_AndIsBounded()
    {
        Assert.True((await AskAsync("good")).IsAuthenticated);
        _server.Answer = static _ => new TokenReview();
        for (int i = 0; i < RememberedReviews.Most + 5; i++)
        {
            await AskAsync("bad-" + i.ToString(CultureInfo.InvariantCulture));
        }

        int asked = _server.Asked.Count;
        Assert.True((await AskAsync("good")).IsAuthenticated);
        Assert.Equal(asked, _server.Asked.Count);
        Assert.InRange(_reviews.Count.Bad, 1, RememberedReviews.Most);
    }

    /// <summary>A flood of strangers is a few questions at a time, and who is known does not wait behind it.</summary>
    [Fact]
    public async Task Strangers_AreAskedAboutAFewAtATime_AndDoNotKeepTheKnownWaiting()
    {
        Assert.True((await AskAsync("known")).IsAuthenticated);
        _clock.Advance(RememberedReviews.Memory);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Wait = token => token == "known" ? Task.CompletedTask : gate.Task;
        Task<TokenReview>[] strangers = [.. Enumerable.Range(0, RememberedReviews.StrangersAtOnce + RememberedReviews.StrangersWaiting).Select(i => AskAsync("s" + i.ToString(CultureInfo.InvariantCulture)))];
        await Eventually.TrueAsync(() => _server.Now == RememberedReviews.StrangersAtOnce, Limit);

        TokenReview tooMany = await AskAsync("one more");
        Assert.Equal((false, true), (tooMany.IsAuthenticated, tooMany.IsTransient));
        Assert.True((await AskAsync("known").WaitAsync(Limit)).IsAuthenticated);
        gate.SetResult();
        await Task.WhenAll(strangers).WaitAsync(Limit);
        Assert.Equal(RememberedReviews.StrangersAtOnce, _server.MostStrangers);
    }

    /// <summary>Each token that was asked about again pushed a thousand others out.</summary>
    [Fact]
    public async Task WhoIsAskedAboutAgain_TakesNobodysPlace()
    {
        for (int i = 0; i < RememberedReviews.Most; i++)
        {
            await AskAsync("good-" + i.ToString(CultureInfo.InvariantCulture));
        }

        _clock.Advance(RememberedReviews.Memory);
        Assert.True((await AskAsync("good-7")).IsAuthenticated);
        Assert.Equal(RememberedReviews.Most + 1, _server.Asked.Count);
        Assert.Equal(RememberedReviews.Most, _reviews.Count.Good);
    }

    /// <summary>A server that hangs: who is known waits some seconds, in the queue or not, and not at all behind a full one; who ends meanwhile is not known.</summary>
    [Fact]
    public async Task WhoIsKnown_WaitsForSecondsOnly_WhereverInTheQueue()
    {
        string[] tokens = [.. Enumerable.Range(0, RememberedReviews.KnownAtOnce + RememberedReviews.KnownWaiting + 1).Select(static i => "k" + i.ToString(CultureInfo.InvariantCulture))];
        tokens[^2] = Token(_clock.GetUtcNow() + RememberedReviews.Memory + TimeSpan.FromSeconds(2));
        foreach (string token in tokens)
        {
            Assert.True((await AskAsync(token)).IsAuthenticated);
        }

        _clock.Advance(RememberedReviews.Memory);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Wait = _ => gate.Task;
        Task<TokenReview>[] waiting = [.. tokens[..^1].Select(AskAsync)];
        Assert.All(waiting, static one => Assert.False(one.IsCompleted));
        Assert.True((await AskAsync(tokens[^1]).WaitAsync(Limit)).IsAuthenticated);
        _clock.Advance(TimeSpan.FromSeconds(4));
        TokenReview[] said = await Task.WhenAll(waiting).WaitAsync(Limit);
        Assert.All(said[..^1], static review => Assert.True(review.IsAuthenticated));
        Assert.Equal((false, true), (said[^1].IsAuthenticated, said[^1].IsTransient));

        // A moment later nobody waits again.
        Assert.True((await AskAsync(tokens[^3]).WaitAsync(Limit)).IsAuthenticated);
        gate.SetResult();
    }

    [Fact]
    public async Task WhoComesTogetherWithOneToken_IsOneQuestion()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Wait = _ => gate.Task;
        Task<TokenReview>[] all = [.. Enumerable.Range(0, 50).Select(_ => AskAsync("same"))];
        gate.SetResult();
        Assert.All(await Task.WhenAll(all).WaitAsync(Limit), static review => Assert.True(review.IsAuthenticated));
        Assert.Single(_server.Asked);
    }

    private static TokenReview Good(string token) => new() { IsAuthenticated = true };

    private static string Token(DateTimeOffset end) =>
        $"h.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"exp\":{end.ToUnixTimeSeconds()}}}")))}.s";

    private Task<TokenReview> AskAsync(string token) => _reviews.ReviewAsync("c1", token, CancellationToken.None).AsTask();

    private sealed class Server : ITokenReviewer
    {
        private int _now;
        private int _strangers;

        public IReadOnlyList<string> Clusters => ["c1"];

        public Func<string, TokenReview> Answer { get; set; } = Good;

        public Func<string, Task> Wait { get; set; } = static _ => Task.CompletedTask;

        public ConcurrentQueue<string> Asked { get; } = [];

        public int Now => Volatile.Read(ref _now);

        public int MostStrangers => Volatile.Read(ref _strangers);

        public async ValueTask<TokenReview> ReviewAsync(string cluster, string token, CancellationToken cancellation)
        {
            Asked.Enqueue(token);
            int now = Interlocked.Increment(ref _now);
            int most = _strangers;
            while (token != "known" && now > most && Interlocked.CompareExchange(ref _strangers, now, most) != most)
            {
                most = _strangers;
            }

            await Wait(token);
            Interlocked.Decrement(ref _now);
            return Answer(token);
        }
    }
}
