using System.Globalization;

namespace Ambient.Tls.Verification;

/// <summary>
/// Finds a path from a leaf to a trust anchor (RFC 5280 section 6, without policies and name constraints, whose critical forms
/// are refused). Work is bounded by <see cref="MaxSignatures"/>. Thread-safe.
/// </summary>
internal ref struct PathBuilder
{
    /// <summary>Signatures checked per peer: an attacker's certificates with equal names must not buy more of our time.</summary>
    private const int MaxSignatures = 16;

    private readonly TrustAnchors _anchors;
    private readonly DateTimeOffset _now;
    private readonly List<ParsedCertificate> _presented = [];
    private readonly List<Issuer> _path = [];
    private int _signatures;
    private VerificationFailure? _failure;

    private PathBuilder(TrustAnchors anchors, DateTimeOffset now)
    {
        _anchors = anchors;
        _now = now;
    }

    /// <summary>Builds and checks the path of what a peer presented; null with the reason when there is none.</summary>
    internal static VerifiedPath? Build(
        TrustAnchors anchors, ReadOnlySpan<byte> presented, ReadOnlySpan<int> lengths, DateTimeOffset now, out VerificationFailure? failure)
    {
        var builder = new PathBuilder(anchors, now);
        failure = builder.Parse(presented, lengths) ?? CheckLeaf(builder._presented[0], now);
        if (failure is not null)
        {
            return null;
        }

        ParsedCertificate leaf = builder._presented[0];
        if (!builder.Extend(leaf))
        {
            failure = builder._failure ?? VerificationFailure.Untrusted(
                leaf.IsIssuedUnder(leaf) ? "the peer's certificate is self-signed and not trusted" : "no path from the peer's certificate to a trusted root");
            return null;
        }

        return Describe(leaf, builder._path);
    }

    private VerificationFailure? Parse(ReadOnlySpan<byte> presented, ReadOnlySpan<int> lengths)
    {
        foreach (int length in lengths)
        {
            if (!CertificateParser.TryParse(presented[..length].ToArray(), out ParsedCertificate? certificate, out string? error))
            {
                return VerificationFailure.Bad($"{(_presented.Count == 0 ? "the peer's certificate" : "an intermediate certificate")} is malformed: {error}");
            }

            _presented.Add(certificate);
            presented = presented[length..];
        }

        return null;
    }

    private static VerificationFailure? CheckLeaf(ParsedCertificate leaf, DateTimeOffset now)
    {
        if (leaf.Refusal is not null)
        {
            return VerificationFailure.Bad($"the peer's certificate is refused: {leaf.Refusal}");
        }

        if (leaf.IsAuthority == true)
        {
            return VerificationFailure.Purpose(leaf.IsIssuedUnder(leaf)
                ? "the peer's certificate is a self-signed authority, not a workload's"
                : "the peer's certificate is an authority's, not a workload's");
        }

        if (leaf.KeyUsage is { } usage && (usage & ParsedCertificate.KeyUsageDigitalSignature) == 0)
        {
            return VerificationFailure.Purpose("keyUsage of the peer's certificate does not allow digital signatures");
        }

        return PublicKey.Weakness(leaf) is { } weakness
            ? VerificationFailure.Bad($"the peer's certificate is refused: {weakness}")
            : CheckValidity(leaf, now, "the peer's certificate");
    }

    private static VerificationFailure? CheckValidity(ParsedCertificate certificate, DateTimeOffset now, string which)
    {
        if (now < certificate.NotBefore)
        {
            return VerificationFailure.NotYetValid($"{which} is not valid before {Text(certificate.NotBefore)} (now {Text(now)}; compare the clocks)");
        }

        return now > certificate.NotAfter
            ? VerificationFailure.Expired($"{which} expired at {Text(certificate.NotAfter)} (now {Text(now)})")
            : null;
    }

    /// <summary>Depth-first from a certificate upwards; true when a root is reached, with the issuers in the path.</summary>
    private bool Extend(ParsedCertificate child)
    {
        foreach (Issuer root in _anchors.Roots)
        {
            if (child.IsIssuedUnder(root.Certificate) && Accepts(root, child, "the trust anchor"))
            {
                _path.Add(root);
                return true;
            }
        }

        if (_path.Count >= PeerVerifier.MaxPresented)
        {
            return false;
        }

        for (int i = 1; i < _presented.Count; i++)
        {
            ParsedCertificate candidate = _presented[i];
            if (!child.IsIssuedUnder(candidate) || candidate.IsIssuedUnder(candidate) || IsInPath(candidate))
            {
                continue;
            }

            if (ExtendThrough(child, candidate))
            {
                return true;
            }
        }

        return false;
    }

    private bool ExtendThrough(ParsedCertificate child, ParsedCertificate candidate)
    {
        // An intermediate that reached a root before needs neither decoding nor signatures, only its times and place.
        Fingerprint key = Fingerprint.Of(candidate.Der.Span);
        if (_anchors.Intermediates.TryGet(key, out IReadOnlyList<Issuer>? known) && known is not null)
        {
            int before = _path.Count;
            if (Accepts(known[0], child, "an intermediate certificate") && AddKnown(known))
            {
                return true;
            }

            // Another root may still lead on, so the known way's failure isn't the end.
            _path.RemoveRange(before, _path.Count - before);
        }

        if (PublicKey.Of(candidate) is not { } publicKey)
        {
            Note(VerificationFailure.Bad($"an intermediate certificate is refused: {PublicKey.Weakness(candidate) ?? "its key can't be decoded"}"));
            return false;
        }

        var issuer = new Issuer(candidate, publicKey);
        if (!Accepts(issuer, child, "an intermediate certificate"))
        {
            return false;
        }

        int depth = _path.Count;
        _path.Add(issuer);
        if (Extend(candidate))
        {
            _anchors.Intermediates.Add(key, _path.GetRange(depth, _path.Count - depth));
            return true;
        }

        _path.RemoveRange(depth, _path.Count - depth);
        return false;
    }

    private bool AddKnown(IReadOnlyList<Issuer> known)
    {
        _path.Add(known[0]);
        for (int i = 1; i < known.Count; i++)
        {
            if (!AcceptsUnsigned(known[i], i == known.Count - 1 ? "the trust anchor" : "an intermediate certificate"))
            {
                return false;
            }

            _path.Add(known[i]);
        }

        return true;
    }

    private bool Accepts(Issuer issuer, ParsedCertificate child, string which)
    {
        if (!AcceptsUnsigned(issuer, which))
        {
            return false;
        }

        if (++_signatures > MaxSignatures)
        {
            Note(VerificationFailure.TooLong($"more than {MaxSignatures} signatures would have to be checked"));
            return false;
        }

        if (child.SignatureKind == SignatureKind.Unsupported)
        {
            Note(VerificationFailure.Bad("a certificate is signed with an unsupported algorithm (allowed are ECDSA and RSA with SHA-2, and Ed25519)"));
            return false;
        }

        if (issuer.Key.Signed(child))
        {
            return true;
        }

        Note(new VerificationFailure(
            Native.Libcrypto.X509_V_ERR_CERT_SIGNATURE_FAILURE, Mesh.Connections.CloseReason.TlsFailure, $"the signature by {which} is wrong"));
        return false;
    }

    private bool AcceptsUnsigned(Issuer issuer, string which)
    {
        ParsedCertificate certificate = issuer.Certificate;
        bool isRoot = _anchors.Roots.Contains(issuer);
        if (certificate.Refusal is not null)
        {
            Note(VerificationFailure.Bad($"{which} is refused: {certificate.Refusal}"));
            return false;
        }

        if ((!isRoot && certificate.IsAuthority != true)
            || (certificate.KeyUsage is { } usage && (usage & ParsedCertificate.KeyUsageCertSign) == 0))
        {
            Note(VerificationFailure.Purpose($"{which} may not sign certificates (basicConstraints or keyUsage)"));
            return false;
        }

        // Path length counts the intermediates below; self-issued ones are refused before, so every one counts.
        if (certificate.PathLength < _path.Count)
        {
            Note(VerificationFailure.TooLong($"{which} allows {certificate.PathLength} intermediates below it, there are {_path.Count}"));
            return false;
        }

        if (CheckValidity(certificate, _now, which) is { } failure)
        {
            Note(failure);
            return false;
        }

        return true;
    }

    private readonly bool IsInPath(ParsedCertificate candidate)
    {
        foreach (Issuer issuer in _path)
        {
            if (issuer.Certificate.Der.Span.SequenceEqual(candidate.Der.Span))
            {
                return true;
            }
        }

        return false;
    }

    // The first obstacle is what an operator has to look at; later ones come from other tries.
    private void Note(VerificationFailure failure) => _failure ??= failure;

    private static VerifiedPath Describe(ParsedCertificate leaf, List<Issuer> path)
    {
        DateTimeOffset notBefore = leaf.NotBefore;
        DateTimeOffset notAfter = leaf.NotAfter;
        bool server = leaf.AllowsServer;
        bool client = leaf.AllowsClient;
        var chain = new ReadOnlyMemory<byte>[path.Count + 1];
        chain[0] = leaf.Der;
        for (int i = 0; i < path.Count; i++)
        {
            ParsedCertificate issuer = path[i].Certificate;
            chain[i + 1] = issuer.Der;
            notBefore = issuer.NotBefore > notBefore ? issuer.NotBefore : notBefore;
            notAfter = issuer.NotAfter < notAfter ? issuer.NotAfter : notAfter;
            server &= issuer.AllowsServer;
            client &= issuer.AllowsClient;
        }

        return new VerifiedPath(new PeerCertificate(leaf.Identities, chain, notBefore, notAfter), server, client);
    }

    private static string Text(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
