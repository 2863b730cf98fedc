using System.Globalization;
using Ambient.Mesh.Identities;

namespace Ambient.Tls.Verification;

/// <summary>
/// Decides about a peer's certificates: path to a trust anchor, validity, purpose, revocation, SPIFFE identity
/// (ztunnel reference section 2.1). Thread-safe; never throws on what a peer sent.
/// </summary>
internal sealed class PeerVerifier(TrustAnchors anchors, TimeProvider clock, RevocationCheck? revocation)
{
    /// <summary>The most certificates that a peer may present.</summary>
    internal const int MaxPresented = 8;

    /// <summary>The most bytes that they may have.</summary>
    internal const int MaxPresentedBytes = 64 * 1024;

    /// <summary>Verifies what the peer presented: DER certificates one behind the other, the leaf first.</summary>
    internal PeerCertificate? Verify(
        ReadOnlySpan<byte> presented, ReadOnlySpan<int> lengths, PeerRole role, PeerRequirement requirement, out VerificationFailure? failure)
    {
        if (lengths.Length is 0 or > MaxPresented)
        {
            failure = lengths.Length == 0
                ? VerificationFailure.Bad("the peer presented no certificate")
                : VerificationFailure.TooLong($"the peer presented {lengths.Length} certificates, allowed are {MaxPresented}");
            return null;
        }

        DateTimeOffset now = clock.GetUtcNow();
        Fingerprint key = Fingerprint.Of(presented);
        if (!anchors.Paths.TryGet(key, out VerifiedPath? path) || path is null || now < path.Peer.NotBefore || now > path.Peer.NotAfter)
        {
            anchors.Paths.Remove(key);
            path = PathBuilder.Build(anchors, presented, lengths, now, out failure);
            if (path is null)
            {
                return null;
            }

            anchors.Paths.Add(key, path);
        }

        failure = CheckPurpose(path, role) ?? CheckRevocation(path.Peer) ?? CheckIdentity(path.Peer, requirement);
        return failure is null ? path.Peer : null;
    }

    private static VerificationFailure? CheckPurpose(VerifiedPath path, PeerRole role)
    {
        bool allowed = role == PeerRole.Server ? path.AllowsServer : path.AllowsClient;
        return allowed ? null : VerificationFailure.Purpose($"extendedKeyUsage does not allow {(role == PeerRole.Server ? "serverAuth" : "clientAuth")}");
    }

    private VerificationFailure? CheckRevocation(PeerCertificate peer) => revocation is not null && revocation(peer.Chain)
        ? VerificationFailure.Revoked($"a certificate in the chain of {Names(peer)} is revoked by a CRL")
        : null;

    private static VerificationFailure? CheckIdentity(PeerCertificate peer, PeerRequirement requirement)
    {
        if (peer.Identities.Count == 0)
        {
            return VerificationFailure.Identity("the peer's certificate has no SPIFFE URI SAN");
        }

        switch (requirement)
        {
            case PeerRequirement.AnyOf { Expected: var expected }:
                return MatchesAny(peer.Identities, expected)
                    ? null
                    : VerificationFailure.Identity($"the peer is {Names(peer)}, expected {(expected.Count == 0 ? "nobody" : string.Join(" or ", expected))}");
            case PeerRequirement.SameTrustDomain { TrustDomain: var domain }:
                return IsOfDomain(peer.Identities, domain)
                    ? null
                    : VerificationFailure.Identity($"the peer is {Names(peer)}, which is not of the trust domain {domain}");
            default:
                return VerificationFailure.Identity("no identity is allowed");
        }
    }

    private static bool MatchesAny(IReadOnlyList<SpiffeId> identities, IReadOnlyList<SpiffeId> expected)
    {
        for (int i = 0; i < identities.Count; i++)
        {
            for (int j = 0; j < expected.Count; j++)
            {
                if (identities[i].Equals(expected[j]))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool IsOfDomain(IReadOnlyList<SpiffeId> identities, string domain)
    {
        for (int i = 0; i < identities.Count; i++)
        {
            if (string.Equals(identities[i].TrustDomain, domain, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static string Names(PeerCertificate peer) =>
        peer.Identities.Count == 0 ? "a peer without identity" : string.Create(CultureInfo.InvariantCulture, $"{string.Join(" and ", peer.Identities.Take(4))}");
}
