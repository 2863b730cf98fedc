using Ambient.Mesh.Identities;

namespace Ambient.Tls.Verification;

/// <summary>Which identities a peer may have. Immutable.</summary>
public abstract record PeerRequirement
{
    private PeerRequirement()
    {
    }

    /// <summary>For clients: any SPIFFE identity of the server equals any of these, byte for byte. An empty list accepts nobody.</summary>
    public sealed record AnyOf(IReadOnlyList<SpiffeId> Expected) : PeerRequirement;

    /// <summary>For servers: at least one SPIFFE identity of the client is of this trust domain.</summary>
    public sealed record SameTrustDomain(string TrustDomain) : PeerRequirement;
}
