using Ambient.Identity.Renewal;
using Ambient.Identity.Trust;
using Ambient.Mesh.Views;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Accepting;

namespace Ambient.Ztunnel.Proxying;

/// <summary>What all pods' proxies share. Immutable; its parts are thread-safe.</summary>
internal sealed record ProxyContext
{
    public required ProxyOptions Options { get; init; }

    public required MeshState Mesh { get; init; }

    public required CertificateStore Certificates { get; init; }

    public required TlsContexts Tls { get; init; }

    /// <summary>Revocation lists; null when none are configured.</summary>
    public RevocationStore? Revocations { get; init; }

    public required IReadOnlyList<ProxyLoop> Loops { get; init; }

    public required Logger Log { get; init; }

    /// <summary>What listeners leave for others; null leaves nothing.</summary>
    public DescriptorReserve? Descriptors { get; init; }

    /// <summary>
    /// Asks the control plane for a resource and calls back once, on any thread, with whether it answered; null unless addresses are
    /// sent on demand (ztunnel.md 4.5).
    /// </summary>
    public Action<string, Action<object?, bool>, object?>? Demand { get; init; }
}
