using Ambient.Identity.Certificates;

namespace Ambient.Identity.Renewal;

/// <summary>The numbers of <see cref="CertificateStore"/> (ztunnel reference section 6.4). Immutable.</summary>
public sealed record CertificateStoreOptions
{
    /// <summary>The most requests in flight.</summary>
    public int MaxInFlight { get; init; } = 8;

    /// <summary>How long one request may take: a stalled authority must not hold a place for ever.</summary>
    public TimeSpan IssueTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Renewal is brought forward by a random share, up to this one, of the half life, so that a node's certificates spread out.</summary>
    public double RenewalJitter { get; init; } = 0.1;

    /// <summary>The wait after a first failure; doubles with each further one.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same for what was asked for early, which the authority may know a moment later.</summary>
    public TimeSpan FirstEarlyBackoff { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>For so long refusals of what was asked for early are no news.</summary>
    public TimeSpan EarlyPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest wait between attempts.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>The random part of each wait, as a share of it, up and down.</summary>
    public double BackoffJitter { get; init; } = 0.2;

    /// <summary>After failing for this long, every wait is <see cref="MaxBackoff"/>.</summary>
    public TimeSpan GiveUpDoublingAfter { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Called for each failed request: identity, reason, whether a valid certificate stays in use. Any thread; must not throw.</summary>
    public Action<string, string, bool>? OnFailure { get; init; }

    /// <summary>Called with each certificate that came, before those who wait for it. Any thread; must not throw.</summary>
    public Action<WorkloadCertificate>? OnIssued { get; init; }
}
