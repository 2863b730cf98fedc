using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Certificates;

/// <summary>A workload's certificate, key and trust. Immutable; the key is never logged.</summary>
public sealed class WorkloadCertificate
{
    /// <summary>Whose certificate this is.</summary>
    public required SpiffeId Identity { get; init; }

    /// <summary>The leaf, DER.</summary>
    public required ReadOnlyMemory<byte> LeafDer { get; init; }

    /// <summary>Intermediates in order, DER.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> IntermediatesDer { get; init; }

    /// <summary>The private key, PKCS#8 DER.</summary>
    public required ReadOnlyMemory<byte> PrivateKeyPkcs8 { get; init; }

    /// <summary>What this workload's peers are verified against.</summary>
    public required TrustBundle Trust { get; init; }
}
