using Ambient.Identity.Trust;

namespace Ambient.Tls.Verification;

/// <summary>
/// The roots of one bundle, parsed, and what was verified under them. Thread-safe; bundles of equal content share one,
/// so that hundreds of pods under one root verify a peer once.
/// </summary>
internal sealed class TrustAnchors
{
    private const int MaxShared = 64;
    private const int MaxRoots = 256;

    private static readonly Lock SharedLock = new();
    private static readonly Dictionary<Fingerprint, WeakReference<TrustAnchors>> Shared = [];

    private TrustAnchors(List<Issuer> roots) => Roots = roots;

    internal IReadOnlyList<Issuer> Roots { get; }

    /// <summary>Whole chains that were verified, by the hash of what the peer sent.</summary>
    internal BoundedCache<VerifiedPath> Paths { get; } = new(2048);

    /// <summary>Intermediates that were verified up to a root: the path above them, itself included.</summary>
    internal BoundedCache<IReadOnlyList<Issuer>> Intermediates { get; } = new(256);

    /// <summary>The anchors of a bundle; roots that can't be read are left out, and there may be none.</summary>
    internal static TrustAnchors Of(TrustBundle bundle)
    {
        using var content = new MemoryStream();
        foreach (ReadOnlyMemory<byte> root in bundle.RootsDer)
        {
            content.Write(root.Span);
        }

        Fingerprint key = Fingerprint.Of(content.GetBuffer().AsSpan(0, (int)content.Length));
        lock (SharedLock)
        {
            if (Shared.TryGetValue(key, out WeakReference<TrustAnchors>? known) && known.TryGetTarget(out TrustAnchors? anchors))
            {
                return anchors;
            }

            anchors = new TrustAnchors(Parse(bundle));
            if (Shared.Count >= MaxShared)
            {
                Prune();
            }

            Shared[key] = new WeakReference<TrustAnchors>(anchors);
            return anchors;
        }
    }

    private static List<Issuer> Parse(TrustBundle bundle)
    {
        var roots = new List<Issuer>();
        foreach (ReadOnlyMemory<byte> der in bundle.RootsDer)
        {
            if (roots.Count < MaxRoots
                && CertificateParser.TryParse(der, out ParsedCertificate? certificate, out _)
                && certificate is { Refusal: null, IsAuthority: not false }
                && PublicKey.Of(certificate) is { } key)
            {
                roots.Add(new Issuer(certificate, key));
            }
        }

        return roots;
    }

    private static void Prune()
    {
        foreach (Fingerprint key in Shared.Where(entry => !entry.Value.TryGetTarget(out _)).Select(entry => entry.Key).ToList())
        {
            Shared.Remove(key);
        }

        if (Shared.Count >= MaxShared)
        {
            Shared.Clear();
        }
    }
}
