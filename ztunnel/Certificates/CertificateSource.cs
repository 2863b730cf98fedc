using Ambient.Identity.Client;
using Ambient.Identity.Issuing;
using Ambient.Identity.Renewal;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Views;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Certificates;

/// <summary>
/// The process' certificates: who issues them, the store, and in shared mode which are fetched ahead and forgotten as workloads come to
/// this node and leave it (ztunnel reference section 6.4). Thread-safe.
/// </summary>
public sealed class CertificateSource : IAsyncDisposable
{
    private readonly ICertificateIssuer _issuer;
    private readonly MeshState? _followed;

    private CertificateSource(ICertificateIssuer issuer, CertificateStore store, MeshState? followed)
    {
        _issuer = issuer;
        _followed = followed;
        Store = store;
        if (followed is not null)
        {
            followed.Changed += Follow;
        }
    }

    /// <summary>The certificates.</summary>
    public CertificateStore Store { get; }

    /// <summary>Chooses the issuer and opens an empty store. Call it before discovery fills the state.</summary>
    /// <exception cref="IssueException">The local authority's directory cannot be used.</exception>
    public static CertificateSource Create(ZtunnelSettings settings, MeshState state, LogHub logs, TimeProvider clock)
    {
        Logger log = logs.For("ztunnel::identity");
        ICertificateIssuer issuer = ChooseIssuer(settings, log, clock);
        var options = new CertificateStoreOptions
        {
            OnFailure = (identity, reason, keeps) => log.Warn(
                keeps ? "certificate renewal failed; the present one stays in use" : "certificate request failed",
                LogField.Of("identity", identity),
                LogField.Of("reason", reason)),
        };
        return new CertificateSource(issuer, new CertificateStore(issuer, options, clock), settings.Mode == ProxyMode.Shared ? state : null);
    }

    /// <summary>For tests and other compositions.</summary>
    internal static CertificateSource Of(ICertificateIssuer issuer, CertificateStoreOptions options, MeshState? followed, TimeProvider clock) =>
        new(issuer, new CertificateStore(issuer, options, clock), followed);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_followed is not null)
        {
            _followed.Changed -= Follow;
        }

        await Store.DisposeAsync();
        (_issuer as IDisposable)?.Dispose();
    }

    private static ICertificateIssuer ChooseIssuer(ZtunnelSettings settings, Logger log, TimeProvider clock)
    {
        if (settings.IsFakeCa)
        {
            var local = new LocalAuthorityOptions
            {
                Directory = settings.FakeCaDirectory ?? LocalAuthorityOptions.DefaultDirectory,
                Lifetime = settings.SecretTimeToLive,
            };
            log.Warn("certificates come from a local test authority", LogField.Of("directory", local.Directory));
            return LocalAuthority.Open(local, clock);
        }

        var options = new IstioCertificateOptions
        {
            Channel = ControlPlaneChannel.Options(settings.CertificateAuthority, settings),
            Validity = settings.SecretTimeToLive,
            Impersonates = settings.Mode == ProxyMode.Shared,
            OnRootsBroken = reason => log.Warn("changed CA roots cannot be used; the old connection stays", LogField.Of("reason", reason)),
        };
        return new IstioCertificateClient(options, clock);
    }

    private void Follow(MeshView view, ChangeSummary summary)
    {
        foreach (SpiffeId identity in summary.LocalIdentitiesRemoved)
        {
            Store.Forget(identity);
        }

        foreach (SpiffeId identity in summary.LocalIdentitiesAdded)
        {
            Store.Prefetch(identity);
        }
    }
}
