using Ambient.Identity.Certificates;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Renewal;

/// <summary>The store's bookkeeping for one identity. Every member is guarded by the store's lock, but for <see cref="Certificate"/>.</summary>
/// <remarks>Idle → Queued → InFlight → Idle. Idle holds a due time, Queued a place, InFlight a cancellation; Forgotten is final from everywhere.</remarks>
internal sealed class CertificateEntry(SpiffeId identity)
{
    private volatile WorkloadCertificate? _certificate;

    internal enum Phase
    {
        Idle,
        Queued,
        InFlight,
        Forgotten,
    }

    internal SpiffeId Identity { get; } = identity;

    /// <summary>The certificate in use; read without the lock.</summary>
    internal WorkloadCertificate? Certificate
    {
        get => _certificate;
        set => _certificate = value;
    }

    internal Phase Current { get; set; }

    internal RequestPriority Priority { get; set; }

    /// <summary>Names the entry's place in the queue; an older place of a promoted entry is stale.</summary>
    internal long Place { get; set; }

    /// <summary>Names the entry's due time; an older one is stale.</summary>
    internal long DueVersion { get; set; }

    internal string? Error { get; set; }

    internal int Failures { get; set; }

    internal DateTimeOffset FirstFailure { get; set; }

    /// <summary>Asked for on somebody's word alone: nobody waits, and a refusal may only mean that the authority does not know the workload yet.</summary>
    internal bool IsEarly { get; set; }

    /// <summary>It was confirmed while its early request was under way: that one's refusal means nothing.</summary>
    internal bool AskAgain { get; set; }

    /// <summary>Successes one after the other whose certificate was due again at once.</summary>
    internal int Overdue { get; set; }

    internal List<Waiter>? Waiters { get; set; }

    internal CancellationTokenSource? Cancellation { get; set; }

    internal readonly record struct Waiter(Action<object?, WorkloadCertificate?, string?> Callback, object? State);
}
