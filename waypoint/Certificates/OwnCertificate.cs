using Ambient.Identity.Certificates;
using Ambient.Identity.Client;
using Ambient.Identity.Issuing;
using Ambient.Identity.Renewal;
using Ambient.Identity.Trust;
using Ambient.Telemetry.Logging;
using Ambient.Tls.Handshakes;
using Ambient.Waypoint.Settings;

namespace Ambient.Waypoint.Certificates;

/// <summary>
/// The waypoint's own certificate, made ready for handshakes, and renewed in time: new connections use the new one, those there are keep theirs. Thread-safe.
/// </summary>
internal sealed class OwnCertificate : IAsyncDisposable
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);
    private readonly WaypointOptions _options;
    private readonly ICertificateIssuer _issuer;
    private readonly CertificateStore _store;
    private readonly Action<TlsContext> _publish;
    private readonly TlsSettings _tls;
    private readonly Logger _log;
    private readonly TimeProvider _clock;
    private WorkloadCertificate? _current;

    /// <summary>Chooses the issuer; nothing is asked for yet.</summary>
    /// <param name="options">Who we are, and who certifies it.</param>
    /// <param name="publish">Takes each context.</param>
    /// <param name="revocations">Whose certificates do not count any more; null: nobody's.</param>
    /// <param name="log">Where failures are said.</param>
    /// <param name="clock">The time.</param>
    /// <exception cref="IssueException">The test authority's directory cannot be used.</exception>
    public OwnCertificate(WaypointOptions options, Action<TlsContext> publish, RevocationStore? revocations, Logger log, TimeProvider clock)
    {
        (_options, _publish, _log, _clock) = (options, publish, log, clock);
        _tls = new TlsSettings { RevocationCheck = revocations is null ? null : revocations.IsRevoked };
        _issuer = Choose(options, log, clock);
        var numbers = new CertificateStoreOptions
        {
            OnFailure = (identity, reason, keeps) => log.Warn(
                keeps ? "certificate renewal failed; the present one stays in use" : "certificate request failed",
                LogField.Of("identity", identity),
                LogField.Of("reason", reason)),
            OnIssued = Take,
        };
        _store = new CertificateStore(_issuer, numbers, clock);
    }

    /// <summary>The present certificate; null before the first.</summary>
    public WorkloadCertificate? Current => Volatile.Read(ref _current);

    /// <summary>What there is, and why there is no more.</summary>
    public IReadOnlyList<CertificateStatus> Status() => _store.Snapshot();

    /// <summary>Waits for the first certificate, however long the authority is away.</summary>
    public async Task FirstAsync(CancellationToken cancellation)
    {
        while (Current is null)
        {
            try
            {
                await _store.GetAsync(_options.Identity, cancellation);
            }
            catch (IssueException)
            {
                // It is logged, and asked for again by the store; we only wait.
                await Task.Delay(AskAgain, _clock, cancellation);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        (_issuer as IDisposable)?.Dispose();
    }

    private static ICertificateIssuer Choose(WaypointOptions options, Logger log, TimeProvider clock)
    {
        if (options.Authority is { } authority)
        {
            return new IstioCertificateClient(
                new IstioCertificateOptions
                {
                    Channel = authority.Channel(),
                    Validity = options.CertificateLife,
                    OnRootsBroken = reason => log.Warn("changed CA roots cannot be used; the old connection stays", LogField.Of("reason", reason)),
                },
                clock);
        }

        log.Warn("certificates come from a local test authority", LogField.Of("directory", options.AuthorityDirectory));
        return LocalAuthority.Open(new LocalAuthorityOptions { Directory = options.AuthorityDirectory!, Lifetime = options.CertificateLife }, clock);
    }

    private void Take(WorkloadCertificate certificate)
    {
        try
        {
            _publish(TlsContext.Create(certificate, _tls));
            Volatile.Write(ref _current, certificate);
            _log.Info("certificate is in force", LogField.Of("identity", certificate.Identity.ToString()), LogField.Of("until", certificate.NotAfter.ToString("O", System.Globalization.CultureInfo.InvariantCulture)));
        }
        catch (TlsException unusable)
        {
            _log.Error("a certificate cannot be used; the present one stays", LogField.Of("reason", unusable.Message));
        }
    }
}
