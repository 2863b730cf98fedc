using System.Diagnostics.CodeAnalysis;

namespace Ambient.Identity.Trust;

/// <summary>
/// The revocation lists of CRL_PATH, kept up to date, and the live connections that a new list may end
/// (ztunnel reference section 2.11). Thread-safe.
/// </summary>
/// <remarks>
/// Connections are grouped by the chain that was verified for them, so that a reload looks at each peer's chain once. Dates play no part:
/// a certificate that merely expired since its handshake keeps its connections.
/// </remarks>
public sealed class RevocationStore : IDisposable
{
    /// <summary>How long the file must have been quiet before it is read again.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Lock _reload = new();
    private readonly Dictionary<IReadOnlyList<ReadOnlyMemory<byte>>, TrackedChain> _chains = new(ReferenceEqualityComparer.Instance);
    private readonly string _path;
    private readonly FileWatch _watch;
    private readonly Action<string>? _onWarning;
    private volatile RevocationSet _set = RevocationSet.Empty;
    private volatile bool _isMissing;

    private RevocationStore(string path, TimeProvider clock, Action<string>? onWarning)
    {
        _path = path;
        _onWarning = onWarning;
        _watch = new FileWatch(path, Quiet, Reload, clock);
    }

    /// <summary>The lists in force.</summary>
    public RevocationSet Current => _set;

    /// <summary>How many different chains have live connections.</summary>
    public int TrackedChains
    {
        get
        {
            lock (_gate)
            {
                return _chains.Count;
            }
        }
    }

    /// <summary>Reads the file and begins to watch it. A missing file is a warning: it is read when it appears.</summary>
    /// <param name="path">CRL_PATH.</param>
    /// <param name="clock">Measures the quiet time.</param>
    /// <param name="onWarning">Told what an operator should know; any thread.</param>
    /// <exception cref="InvalidDataException">The file is there and is no revocation list.</exception>
    public static RevocationStore Open(string path, TimeProvider clock, Action<string>? onWarning = null)
    {
        var store = new RevocationStore(path, clock, onWarning);
        if (!store.TryLoad(out RevocationSet? set, out string? error, out bool isMissing))
        {
            if (!isMissing)
            {
                store.Dispose();
                throw new InvalidDataException(error);
            }

            onWarning?.Invoke($"{error}; nothing is revoked until it appears");
        }

        store._set = set ?? RevocationSet.Empty;
        store._isMissing = isMissing;
        return store;
    }

    /// <summary>Whether a verified chain (DER, leaf first, anchor last) has a revoked certificate; what cannot be read is not revoked. Fits Ambient.Tls' check.</summary>
    public bool IsRevoked(IReadOnlyList<ReadOnlyMemory<byte>> chain)
    {
        if (_isMissing && File.Exists(_path))
        {
            Reload();
        }

        RevocationSet set = _set;
        return set.Lists.Count > 0 && ChainLink.TryParse(chain, out ChainLink[]? links) && set.Revokes(links);
    }

    /// <summary>
    /// Remembers a live connection until the result is disposed. If its chain is revoked, now or later, the callback runs exactly once,
    /// on any thread; it must post to the connection's loop and must not throw. Null when the chain cannot be read: no list can end that one.
    /// </summary>
    public IDisposable? Register(IReadOnlyList<ReadOnlyMemory<byte>> chain, Action<object?> onRevoked, object? state)
    {
        var registration = new Registration(this, chain, onRevoked, state);
        lock (_gate)
        {
            if (!_chains.TryGetValue(chain, out TrackedChain? tracked))
            {
                if (!ChainLink.TryParse(chain, out ChainLink[]? links))
                {
                    return null;
                }

                _chains.Add(chain, tracked = new TrackedChain(links));
            }

            if (!_set.Revokes(tracked.Links))
            {
                tracked.Members.Add(registration);
                return registration;
            }

            DropIfEmpty(chain, tracked);
        }

        registration.Revoke();
        return registration;
    }

    /// <summary>Reads the file again and ends what it revokes; a file that cannot be read changes nothing.</summary>
    public void Reload()
    {
        var revoked = new List<Registration>();
        lock (_reload)
        {
            if (!TryLoad(out RevocationSet? set, out string? error, out bool isMissing))
            {
                // What the read found counts: a file that has come since is still one that nobody has read.
                _isMissing = _isMissing && isMissing;
                _onWarning?.Invoke($"{error}; the last good revocation lists stay in force");
                return;
            }

            lock (_gate)
            {
                _set = set;
                _isMissing = false;
                CollectRevoked(set, revoked);
            }
        }

        foreach (Registration registration in revoked)
        {
            registration.Revoke();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _watch.Dispose();

    private void CollectRevoked(RevocationSet set, List<Registration> revoked)
    {
        if (set.Lists.Count == 0)
        {
            return;
        }

        foreach ((IReadOnlyList<ReadOnlyMemory<byte>> chain, TrackedChain tracked) in _chains.ToArray())
        {
            if (set.Revokes(tracked.Links))
            {
                revoked.AddRange(tracked.Members);
                _chains.Remove(chain);
            }
        }
    }

    private bool TryLoad([NotNullWhen(true)] out RevocationSet? set, [NotNullWhen(false)] out string? error, out bool isMissing)
    {
        set = null;
        isMissing = false;
        try
        {
            if (RevocationSet.TryParse(File.ReadAllBytes(_path), out set, out error))
            {
                return true;
            }

            error = $"the revocation lists in {_path} cannot be used: {error}";
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            isMissing = cause is FileNotFoundException or DirectoryNotFoundException;
            error = $"the revocation lists in {_path} cannot be read: {cause.Message}";
        }

        return false;
    }

    private void Unregister(Registration registration)
    {
        lock (_gate)
        {
            if (_chains.TryGetValue(registration.Chain, out TrackedChain? tracked))
            {
                tracked.Members.Remove(registration);
                DropIfEmpty(registration.Chain, tracked);
            }
        }
    }

    private void DropIfEmpty(IReadOnlyList<ReadOnlyMemory<byte>> chain, TrackedChain tracked)
    {
        if (tracked.Members.Count == 0)
        {
            _chains.Remove(chain);
        }
    }

    private sealed class TrackedChain(ChainLink[] links)
    {
        internal ChainLink[] Links { get; } = links;

        internal HashSet<Registration> Members { get; } = [];
    }

    private sealed class Registration(RevocationStore store, IReadOnlyList<ReadOnlyMemory<byte>> chain, Action<object?> onRevoked, object? state) : IDisposable
    {
        private int _ended;

        internal IReadOnlyList<ReadOnlyMemory<byte>> Chain => chain;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                store.Unregister(this);
            }
        }

        internal void Revoke()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                onRevoked(state);
            }
        }
    }
}
