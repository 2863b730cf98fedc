using System.Globalization;
using Ambient.Identity.Client;
using Ambient.Identity.Issuing;
using Ambient.Identity.Renewal;
using Ambient.Mesh.Views;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Certificates;

/// <summary>
/// The process' certificates: who issues them, the store, and in shared mode which are fetched ahead and forgotten as workloads come to
/// this node and leave it (ztunnel reference section 6.4). Thread-safe.
/// </summary>
public sealed class CertificateSource : IAsyncDisposable
{
    private readonly ICertificateIssuer _issuer;
    private readonly NodeIdentities? _node;

    private CertificateSource(ICertificateIssuer issuer, CertificateStore store, NodeIdentities? node)
    {
        _issuer = issuer;
        _node = node;
        Store = store;
    }

    /// <summary>The certificates.</summary>
    public CertificateStore Store { get; }

    /// <summary>Who is to be told of the pods of this node; null in dedicated mode, where none come and go.</summary>
    public IPodWatcher? Pods => _node;

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
            OnIssued = certificate => log.Info(
                "certificate is in force",
                LogField.Of("identity", certificate.Identity.ToString()),
                LogField.Of("until", certificate.NotAfter.ToString("O", CultureInfo.InvariantCulture))),
        };
        return Of(issuer, options, settings.Mode == ProxyMode.Shared ? state : null, clock, settings.ClusterId, settings.TrustDomain);
    }

    /// <summary>For tests and other compositions.</summary>
    internal static CertificateSource Of(
        ICertificateIssuer issuer, CertificateStoreOptions options, MeshState? followed, TimeProvider clock, string cluster = "Kubernetes", string trustDomain = "cluster.local")
    {
        var store = new CertificateStore(issuer, options, clock);
        return new CertificateSource(issuer, store, followed is null ? null : new NodeIdentities(followed, store, cluster, trustDomain));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _node?.Dispose();
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
}
