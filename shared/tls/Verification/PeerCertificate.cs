using Ambient.Mesh.Identities;

namespace Ambient.Tls.Verification;

/// <summary>What was verified about a peer. Immutable, shared between connections.</summary>
public sealed class PeerCertificate
{
    internal PeerCertificate(IReadOnlyList<SpiffeId> identities, IReadOnlyList<ReadOnlyMemory<byte>> chain, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        Identities = identities;
        Chain = chain;
        NotBefore = notBefore;
        NotAfter = notAfter;
    }

    /// <summary>The identity for policy, logs and metrics: the first SPIFFE URI SAN.</summary>
    public SpiffeId? Identity => Identities.Count > 0 ? Identities[0] : null;

    /// <summary>All SPIFFE URI SANs in the certificate's order.</summary>
    public IReadOnlyList<SpiffeId> Identities { get; }

    /// <summary>The verified path, DER: leaf, intermediates, trust anchor.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Chain { get; }

    /// <summary>From when the whole path is valid.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>Until when the whole path is valid.</summary>
    public DateTimeOffset NotAfter { get; }
}
