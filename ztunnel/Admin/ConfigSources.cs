using Ambient.Identity.Renewal;
using Ambient.Mesh.Views;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Admin;

/// <summary>Where <c>config_dump</c> reads from; everything is asked when it is dumped. Immutable.</summary>
public sealed record ConfigSources
{
    /// <summary>Effective settings.</summary>
    public required ZtunnelSettings Settings { get; init; }

    /// <summary>The present view of the mesh.</summary>
    public required Func<MeshView> View { get; init; }

    /// <summary>Certificates by identity; any order.</summary>
    public required Func<IReadOnlyList<CertificateStatus>> Certificates { get; init; }

    /// <summary>Pods of shared mode; null in dedicated mode.</summary>
    public PodTable? Pods { get; init; }

    /// <summary>The local file as it was read; null without one.</summary>
    public Func<MeshBatch?>? LocalModel { get; init; }
}
