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

        var asked = new Entry(new Lazy<Task<TokenReview>>(() => AskAsync(cluster, token)), clock.GetTimestamp());
        Entry taken = _entries.AddOrUpdate(key, asked, (_, other) => IsUsable(other) ? other : asked);
        return await taken.Review.Value.WaitAsync(cancellation);
    }

    private bool IsUsable(Entry entry) => clock.GetElapsedTime(entry.Since) < Memory
        && (!entry.Review.IsValueCreated || !entry.Review.Value.IsCompleted || entry.Review.Value is { IsCompletedSuccessfully: true, Result.IsAuthenticated: true });

    private async Task<TokenReview> AskAsync(string cluster, string token)
    {
        using var limit = new CancellationTokenSource(Patience, clock);
        try
        {
            return await reviewer.ReviewAsync(cluster, token, limit.Token);
        }
        catch (OperationCanceledException)
        {
            return new TokenReview { Error = "the API server did not answer in time" };
        }
    }

    private sealed record Entry(Lazy<Task<TokenReview>> Review, long Since);
}
