using System.Diagnostics.CodeAnalysis;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Renewal;

/// <summary>
/// One certificate per identity for the whole process: fetched once however many ask, renewed in time, and never given up
/// for an error while it is valid (ztunnel reference section 6.4). Thread-safe.
/// </summary>
/// <remarks>
/// One lock guards entries, the queue of waiting requests and the heap of due times; no callback and no request runs under it.
/// Nothing is written to disk.
/// </remarks>
public sealed partial class CertificateStore : IAsyncDisposable
{
    /// <summary>What a demand fails with when its identity is forgotten meanwhile.</summary>
    public const string ForgottenError = "the identity is no longer needed";

    private readonly Lock _gate = new();
    private readonly Dictionary<SpiffeId, CertificateEntry> _entries = [];
    private readonly PriorityQueue<(CertificateEntry Entry, long Place), (int Priority, long Order)> _queue = new();
    private readonly PriorityQueue<(CertificateEntry Entry, long Version), (DateTimeOffset Due, long Order)> _due = new();
    private readonly ICertificateIssuer _issuer;
    private readonly CertificateStoreOptions _options;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _order;
    private int _inFlight;
    private bool _disposed;

    /// <summary>Makes an empty store; nothing is requested until someone demands or prefetches.</summary>
    public CertificateStore(ICertificateIssuer issuer, CertificateStoreOptions options, TimeProvider clock)
    {
        _issuer = issuer;
        _options = options;
        _clock = clock;
        _timer = clock.CreateTimer(static store => ((CertificateStore)store!).OnDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many identities are held.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>The certificate of an identity if there is a valid one; asks nobody.</summary>
    public bool TryGet(SpiffeId identity, [NotNullWhen(true)] out WorkloadCertificate? certificate)
    {
        CertificateEntry? entry;
        lock (_gate)
        {
            _entries.TryGetValue(identity, out entry);
        }

        certificate = Usable(entry);
        return certificate is not null;
    }

    /// <summary>
    /// Calls back exactly once with a certificate or with an error: at once, on this thread, when either is known already; otherwise
    /// on any thread once the request that this starts or joins has ended.
    /// </summary>
    public void Demand(SpiffeId identity, Action<object?, WorkloadCertificate?, string?> callback, object? state)
    {
        WorkloadCertificate? certificate = null;
        string? error = null;
        lock (_gate)
        {
            CertificateEntry? entry = GetOrAdd(identity);
            if (entry is null)
            {
                error = "the certificate store is closed";
            }
            else if ((certificate = Usable(entry)) is null && (error = Confirm(entry).Error) is null)
            {
                (entry.Waiters ??= []).Add(new CertificateEntry.Waiter(callback, state));
                Enqueue(entry, RequestPriority.RealTime);
            }
        }

        Start();
        if (certificate is not null || error is not null)
        {
            callback(state, certificate, error);
        }
    }

    /// <summary>Waits for an identity's certificate; cancelling leaves the request running for others.</summary>
    /// <exception cref="IssueException">The certificate cannot be had.</exception>
    public Task<WorkloadCertificate> GetAsync(SpiffeId identity, CancellationToken cancellation)
    {
        var completion = new TaskCompletionSource<WorkloadCertificate>(TaskCreationOptions.RunContinuationsAsynchronously);
        Demand(identity, static (state, certificate, error) => Complete((TaskCompletionSource<WorkloadCertificate>)state!, certificate, error), completion);
        return completion.Task.WaitAsync(cancellation);

        static void Complete(TaskCompletionSource<WorkloadCertificate> completion, WorkloadCertificate? certificate, string? error)
        {
            _ = certificate is null ? completion.TrySetException(new IssueException(error!)) : completion.TrySetResult(certificate);
        }
    }

    /// <summary>Asks for a certificate that will soon be needed; a no-op when it is there or asked for. Refusals of <see cref="Expect"/> are forgotten: it is asked for again at once.</summary>
    public void Prefetch(SpiffeId identity) => Request(identity, RequestPriority.Warmup);

    /// <summary>
    /// The same on the word of somebody who knows of the workload before the authority may: a refusal is tried again within milliseconds, then less and
    /// less often, and is forgotten as soon as anybody else asks.
    /// </summary>
    public void Expect(SpiffeId identity)
    {
        lock (_gate)
        {
            bool isNew = !_entries.ContainsKey(identity);
            if (GetOrAdd(identity) is not { } entry || (!isNew && !entry.IsEarly))
            {
                return;
            }

            if (entry.Current == CertificateEntry.Phase.Idle)
            {
                // What was refused before was refused for another workload.
                entry.IsEarly = true;
                entry.Error = null;
                entry.Failures = 0;
                Enqueue(entry, RequestPriority.Warmup);
            }
        }

        Start();
    }

    /// <summary>Drops an identity: waiting demands fail with <see cref="ForgottenError"/>, a request in flight is cancelled.</summary>
    public void Forget(SpiffeId identity)
    {
        CertificateEntry? entry;
        List<CertificateEntry.Waiter>? waiters;
        lock (_gate)
        {
            if (!_entries.Remove(identity, out entry))
            {
                return;
            }

            waiters = Detach(entry);
        }

        try
        {
            entry.Cancellation?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The request ended between the two lines; its result is dropped because the entry is forgotten.
        }

        Notify(entry, waiters, null, ForgottenError);
    }

    /// <summary>Every identity with its state, sorted by identity.</summary>
    public IReadOnlyList<CertificateStatus> Snapshot()
    {
        var all = new List<CertificateStatus>();
        lock (_gate)
        {
            foreach (CertificateEntry entry in _entries.Values)
            {
                WorkloadCertificate? certificate = Usable(entry);
                CertificateState state = certificate is not null ? CertificateState.Available
                    : entry.Error is not null ? CertificateState.Unavailable
                    : CertificateState.Initializing;
                all.Add(new CertificateStatus(entry.Identity, state, certificate, entry.Error));
            }
        }

        all.Sort(static (a, b) => string.CompareOrdinal(a.Identity.ToString(), b.Identity.ToString()));
        return all;
    }

    /// <summary>Stops renewing, fails waiting demands, cancels what is in flight and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        var orphans = new List<(CertificateEntry Entry, List<CertificateEntry.Waiter>? Waiters)>();
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            foreach (CertificateEntry entry in _entries.Values)
            {
                orphans.Add((entry, Detach(entry)));
            }

            _entries.Clear();
            if (_inFlight == 0)
            {
                _drained.TrySetResult();
            }
        }

        foreach ((CertificateEntry entry, List<CertificateEntry.Waiter>? waiters) in orphans)
        {
            Notify(entry, waiters, null, ForgottenError);
        }

        await _timer.DisposeAsync();
        await _stop.CancelAsync();
        await _drained.Task;
        _stop.Dispose();
    }

    /// <summary>Asks for a certificate at a given priority unless a usable one is there; a waiting request of lower priority is promoted.</summary>
    internal void Request(SpiffeId identity, RequestPriority priority)
    {
        lock (_gate)
        {
            CertificateEntry? entry = GetOrAdd(identity);
            if (entry is not null && Confirm(entry).Error is null && Usable(entry) is null)
            {
                Enqueue(entry, priority);
            }
        }

        Start();
    }

    /// <summary>The workload is known by more than somebody's word.</summary>
    private static CertificateEntry Confirm(CertificateEntry entry)
    {
        if (entry.IsEarly)
        {
            entry.IsEarly = false;
            entry.Error = null;
            entry.Failures = 0;
            entry.AskAgain = entry.Current == CertificateEntry.Phase.InFlight;
        }

        return entry;
    }

    private static List<CertificateEntry.Waiter>? Detach(CertificateEntry entry)
    {
        List<CertificateEntry.Waiter>? waiters = entry.Waiters;
        entry.Waiters = null;
        entry.Current = CertificateEntry.Phase.Forgotten;
        return waiters;
    }

    private void Notify(CertificateEntry entry, List<CertificateEntry.Waiter>? waiters, WorkloadCertificate? certificate, string? error)
    {
        foreach (CertificateEntry.Waiter waiter in waiters ?? [])
        {
            try
            {
                waiter.Callback(waiter.State, certificate, error);
            }
            catch (Exception fault)
            {
                // One waiter's bug must not leave the others waiting.
                _options.OnFailure?.Invoke(entry.Identity.ToString(), $"a callback threw {fault.GetType().Name}: {fault.Message}", certificate is not null);
            }
        }
    }

    private CertificateEntry? GetOrAdd(SpiffeId identity)
    {
        if (_disposed)
        {
            return null;
        }

        if (!_entries.TryGetValue(identity, out CertificateEntry? entry))
        {
            entry = new CertificateEntry(identity);
            _entries.Add(identity, entry);
        }

        return entry;
    }

    private WorkloadCertificate? Usable(CertificateEntry? entry) =>
        entry?.Certificate is { } certificate && certificate.NotAfter > _clock.GetUtcNow() ? certificate : null;
}
