namespace Ambient.ControlPlane.Authority.Roots;

/// <summary>Opens the stored root, makes it when there is none, renews it in time; several replicas agree on one. Thread-safe.</summary>
public sealed class SelfSignedKeeper(IRootStore store, string trustDomain, TimeSpan lifetime, TimeProvider clock)
{
    /// <summary>The root; made when there is none.</summary>
    /// <exception cref="InvalidDataException">What is stored is no root; it is never overwritten.</exception>
    public async Task<SelfSignedRoot> OpenAsync(CancellationToken cancellation)
    {
        string? stored = await store.LoadAsync(cancellation);
        if (stored is null)
        {
            string made = SelfSignedRoot.CreatePem(trustDomain, clock.GetUtcNow(), lifetime);
            stored = await store.TryCreateAsync(made, cancellation) ? made : await store.LoadAsync(cancellation);
        }

        return Parse(stored);
    }

    /// <summary>
    /// The root that is stored now, renewed first when that is due. Null when the store has none any more: a deleted root is an operator's
    /// doing and is not made again here.
    /// </summary>
    /// <exception cref="InvalidDataException">What is stored is no root.</exception>
    public async Task<SelfSignedRoot?> CheckAsync(CancellationToken cancellation)
    {
        if (await store.LoadAsync(cancellation) is not { } stored)
        {
            return null;
        }

        SelfSignedRoot current = Parse(stored);
        DateTimeOffset now = clock.GetUtcNow();
        if (!current.IsDue(now))
        {
            return current;
        }

        using (current)
        {
            string renewed = current.RenewPem(now, lifetime);
            return await store.TryReplaceAsync(stored, renewed, cancellation) ? Parse(renewed)
                : await store.LoadAsync(cancellation) is { } others ? Parse(others) : null;
        }
    }

    private static SelfSignedRoot Parse(string? stored)
    {
        if (stored is null)
        {
            throw new InvalidDataException("the stored root was removed while it was being opened");
        }

        return SelfSignedRoot.TryParse(stored, out SelfSignedRoot? root, out string? error) ? root : throw new InvalidDataException(error);
    }
}
