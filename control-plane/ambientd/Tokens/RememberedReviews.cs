using System.Security.Cryptography;
using System.Text;
using Ambient.ControlPlane.Authority.Callers;

namespace Ambient.ControlPlane.Tokens;

/// <summary>
/// Remembers for some seconds which tokens are good and which are not, and asks once for those that come together: a node proxy that starts asks for a certificate of each of its
/// pods' accounts with the same token. While the API server does not answer, a token that was good stays so until it ends. Thread-safe; tokens are kept as hashes alone.
/// </summary>
/// <remarks>
/// Strangers wait in a lane of their own and fill a memory of their own: with any number of tokens that nobody gave out they keep the API server busy with a few questions at a time,
/// and nobody who is known has to be asked about anew for it.
/// </remarks>
internal sealed class RememberedReviews(ITokenReviewer reviewer, TimeProvider clock, Action<string>? onTrouble = null) : ITokenReviewer
{
    internal const int Most = 10_000;
    internal const int StrangersAtOnce = 8;
    internal const int StrangersWaiting = 512;
    internal const int KnownAtOnce = 16;
    internal const int KnownWaiting = 2_000;
    private static readonly TimeSpan BadMemory = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PatienceWithKnown = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WithoutEnd = TimeSpan.FromHours(1);
    private static readonly TimeSpan SayAgain = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private readonly long _started = clock.GetTimestamp();
    private readonly Dictionary<string, Good> _good = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (TokenReview Review, TimeSpan Until)> _bad = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task<TokenReview>> _asked = new(StringComparer.Ordinal);
    private readonly ReviewLane _strangers = new(StrangersAtOnce, StrangersWaiting);
    private readonly ReviewLane _known = new(KnownAtOnce, KnownWaiting);
    private TimeSpan _quietUntil = TimeSpan.MinValue;

    private static TokenReview NotInTime => new() { Error = "the API server did not answer in time", IsTransient = true };

    /// <summary>How long a good token is not asked about again.</summary>
    internal static TimeSpan Memory { get; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an API server may be away until nobody is known any more, however long tokens live.</summary>
    internal static TimeSpan LongestOutage { get; } = TimeSpan.FromHours(24);

    public IReadOnlyList<string> Clusters => reviewer.Clusters;

    /// <summary>How long we live: memories end by it, for whoever sets the wall clock back shall not make them longer. The end of a token is a date.</summary>
    private TimeSpan Uptime => clock.GetElapsedTime(_started);

    /// <summary>How many tokens are remembered.</summary>
    internal (int Good, int Bad) Count
    {
        get
        {
            lock (_gate)
            {
                return (_good.Count, _bad.Count);
            }
        }
    }

    public async ValueTask<TokenReview> ReviewAsync(string cluster, string token, CancellationToken cancellation)
    {
        string key = cluster + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        Task<TokenReview>? asked;
        bool isKnown;
        lock (_gate)
        {
            DateTimeOffset now = clock.GetUtcNow();
            isKnown = _good.TryGetValue(key, out Good? good) && now < good.End;
            if (isKnown && Uptime < good!.FreshUntil)
            {
                return good.Review;
            }

            if (_bad.TryGetValue(key, out (TokenReview Review, TimeSpan Until) bad) && Uptime < bad.Until)
            {
                return bad.Review;
            }

            if (!_asked.TryGetValue(key, out asked))
            {
                ReviewLane lane = isKnown ? _known : _strangers;
                if (!lane.TryEnter(out Task turn))
                {
                    return StillGood(key, now) ?? new TokenReview { Error = "too many tokens are being judged at this moment", IsTransient = true };
                }

                _asked[key] = asked = Task.Run(() => AskAsync(key, cluster, token, lane, turn, isKnown ? PatienceWithKnown : Patience), CancellationToken.None);
            }
        }

        try
        {
            // The lane's queue counts as well: behind a server that hangs it is minutes long.
            return await asked.WaitAsync(isKnown ? PatienceWithKnown : LongestWait, clock, cancellation);
        }
        catch (TimeoutException)
        {
            lock (_gate)
            {
                return StillGood(key, clock.GetUtcNow()) ?? NotInTime;
            }
        }
    }

    private async Task<TokenReview> AskAsync(string key, string cluster, string token, ReviewLane lane, Task turn, TimeSpan patience)
    {
        var review = new TokenReview { Error = "the token could not be judged" };
        try
        {
            await turn;
            using var limit = new CancellationTokenSource(patience, clock);
            review = await reviewer.ReviewAsync(cluster, token, limit.Token);
        }
        catch (OperationCanceledException)
        {
            review = NotInTime;
        }
        finally
        {
            lane.Leave();
            if (IsWorthSaying(review))
            {
                onTrouble?.Invoke($"{cluster}: {review.Error}");
            }

            lock (_gate)
            {
                _asked.Remove(key);
                review = Remember(key, token, review, clock.GetUtcNow());
            }
        }

        return review;
    }

    // A server that does not answer fails each question; once in a while is enough.
    private bool IsWorthSaying(TokenReview review)
    {
        lock (_gate)
        {
            TimeSpan now = Uptime;
            if (string.IsNullOrEmpty(review.Error) || now < _quietUntil)
            {
                return false;
            }

            _quietUntil = now + SayAgain;
            return true;
        }
    }

    /// <summary>What the answer is, and what is kept of it.</summary>
    private TokenReview Remember(string key, string token, TokenReview review, DateTimeOffset now)
    {
        if (review.IsAuthenticated)
        {
            MakeRoom(_good, key, static good => good.End, now);
            DateTimeOffset end = TokenLife.EndOf(token) ?? now + WithoutEnd, latest = now + LongestOutage;
            _good[key] = new Good(review, Uptime + Memory, end < latest ? end : latest);
            _bad.Remove(key);
            return review;
        }

        if (review.Error is null or "")
        {
            MakeRoom(_bad, key, static bad => bad.Until, Uptime);
            _bad[key] = (review, Uptime + BadMemory);
            _good.Remove(key);
            return review;
        }

        // Not what the server says about us, such as that we may not ask: only that it does not answer.
        return (review.IsTransient ? StillGood(key, now) : null) ?? review;
    }

    /// <summary>What was said of a token that has not ended, when nothing newer is to be had; it is not asked about again for some seconds. Null: it is not known.</summary>
    private TokenReview? StillGood(string key, DateTimeOffset now)
    {
        if (!_good.TryGetValue(key, out Good? good) || now >= good.End)
        {
            return null;
        }

        TimeSpan again = Uptime + AskAgain;
        _good[key] = good with { FreshUntil = good.FreshUntil > again ? good.FreshUntil : again };
        return good.Review;
    }

    /// <summary>Room for one more, unless it is there already: what ends first goes first, a tenth at a time.</summary>
    private static void MakeRoom<T, TEnd>(Dictionary<string, T> memory, string key, Func<T, TEnd> end, TEnd now)
        where TEnd : IComparable<TEnd>
    {
        if (memory.Count < Most || memory.ContainsKey(key))
        {
            return;
        }

        foreach (string old in memory.Where(pair => end(pair.Value).CompareTo(now) <= 0).Select(static pair => pair.Key).ToArray())
        {
            memory.Remove(old);
        }

        if (memory.Count >= Most)
        {
            foreach (string first in memory.OrderBy(pair => end(pair.Value)).Take(Most / 10).Select(static pair => pair.Key).ToArray())
            {
                memory.Remove(first);
            }
        }
    }

    /// <summary>A token that was found good: until when it need not be asked about, and until when it may be believed while nobody answers.</summary>
    private sealed record Good(TokenReview Review, TimeSpan FreshUntil, DateTimeOffset End);
}
