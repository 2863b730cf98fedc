using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Ambient.ControlPlane.Authority.Callers;

namespace Ambient.ControlPlane.Tokens;

/// <summary>
/// Remembers for some seconds which tokens are good, and asks once for those that come together: a node proxy that starts asks for a certificate of
/// each of its pods' accounts with the same token. What was refused is asked for anew. Thread-safe; tokens are kept as hashes alone.
/// </summary>
internal sealed class RememberedReviews(ITokenReviewer reviewer, TimeProvider clock) : ITokenReviewer
{
    private const int Most = 10_000;
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Clusters => reviewer.Clusters;

    public async ValueTask<TokenReview> ReviewAsync(string cluster, string token, CancellationToken cancellation)
    {
        string key = cluster + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (_entries.TryGetValue(key, out Entry? known) && IsUsable(known))
        {
            return await known.Review.Value.WaitAsync(cancellation);
        }

        if (_entries.Count >= Most)
        {
            _entries.Clear();
        }

        var asked = new Entry(clock.GetTimestamp());
        asked.Review = new Lazy<Task<TokenReview>>(() => AskAsync(asked, cluster, token));
        Entry taken = _entries.AddOrUpdate(key, asked, (_, other) => IsUsable(other) ? other : asked);
        return await taken.Review.Value.WaitAsync(cancellation);
    }

    private bool IsUsable(Entry entry) => clock.GetElapsedTime(entry.Since) < Memory
        && !entry.IsBad;

    private async Task<TokenReview> AskAsync(Entry entry, string cluster, string token)
    {
        using var limit = new CancellationTokenSource(Patience, clock);
        bool isGood = false;
        try
        {
            TokenReview review = await reviewer.ReviewAsync(cluster, token, limit.Token);
            isGood = review.IsAuthenticated;
            return review;
        }
        catch (OperationCanceledException)
        {
            return new TokenReview { Error = "the API server did not answer in time" };
        }
        finally
        {
            entry.IsBad = !isGood;
        }
    }

    private sealed class Entry(long since)
    {
        private volatile bool _isBad;

        public long Since => since;

        public Lazy<Task<TokenReview>> Review { get; set; } = null!;

        public bool IsBad
        {
            get => _isBad;
            set => _isBad = value;
        }
    }
}
