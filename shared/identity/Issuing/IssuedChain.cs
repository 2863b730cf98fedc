using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;
using Ambient.Identity.Keys;
using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Issuing;

/// <summary>Checks what an authority answered before anything uses it (ztunnel reference section 6.3). Stateless; never throws.</summary>
public static class IssuedChain
{
    /// <summary>The most certificates that an answer may present between leaf and roots.</summary>
    public const int MaxIntermediates = 8;

    /// <summary>Turns an authority's answer into a certificate, or says what is wrong with it.</summary>
    /// <param name="identity">Who was asked for.</param>
    /// <param name="key">The key that was sent to be certified.</param>
    /// <param name="chain">PEM: leaf, intermediates, and last all roots in one element.</param>
    /// <param name="now">A leaf that is expired or not valid yet is refused.</param>
    /// <param name="certificate">The result.</param>
    /// <param name="error">Why there is none, for operators.</param>
    public static bool TryAccept(
        SpiffeId identity,
        WorkloadKey key,
        IReadOnlyList<string> chain,
        DateTimeOffset now,
        [NotNullWhen(true)] out WorkloadCertificate? certificate,
        [NotNullWhen(false)] out string? error)
    {
        certificate = null;
        error = CheckShape(identity, chain);
        if (error is not null)
        {
            return false;
        }

        if (!TryParse(chain[0], out X509Certificate2? leaf))
        {
            error = $"the leaf certificate from the CA for {identity} is not valid PEM";
            return false;
        }

        using (leaf)
        {
            error = CheckLeaf(identity, key, leaf, now);
            if (error is not null || !TryReadIntermediates(identity, chain, out List<ReadOnlyMemory<byte>>? intermediates, out error))
            {
                return false;
            }

            TrustBundle trust = TrustBundle.ParsePem(chain[^1], out _);
            if (trust.RootsDer.Count == 0)
            {
                error = $"no root certificate present: the last element of the chain from the CA for {identity} has no certificate that can be parsed";
                return false;
            }

            certificate = new WorkloadCertificate
            {
                Identity = identity,
                LeafDer = leaf.RawData,
                IntermediatesDer = intermediates,
                PrivateKeyPkcs8 = key.ExportPkcs8(),
                Trust = trust,
            };
            return true;
        }
    }

    private static string? CheckShape(SpiffeId identity, IReadOnlyList<string> chain) => chain.Count switch
    {
        0 => $"chain returned from CA is empty for: {identity}",
        1 => $"no root certificate present in the chain returned from the CA for {identity}",
        > MaxIntermediates + 2 => $"the CA returned {chain.Count} certificates for {identity}, allowed are {MaxIntermediates + 2}",
        _ => null,
    };

    private static string? CheckLeaf(SpiffeId identity, WorkloadKey key, X509Certificate2 leaf, DateTimeOffset now)
    {
        IReadOnlyList<string> uris = UriNames.Of(leaf);
        if (uris.Count == 0 || !string.Equals(uris[0], identity.ToString(), StringComparison.Ordinal))
        {
            return $"did not find expected SAN: {identity} (the certificate is for {(uris.Count == 0 ? "nobody" : uris[0])})";
        }

        if (!leaf.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportPublicKey()))
        {
            return $"the certificate from the CA for {identity} is for another key than the one that was sent";
        }

        // Peers would refuse it, and it would stand in the place of one that they accept.
        DateTimeOffset notBefore = leaf.NotBefore.ToUniversalTime();
        if (notBefore > now)
        {
            return $"the certificate from the CA for {identity} is not valid before {notBefore:yyyy-MM-ddTHH:mm:ssZ}; compare the clocks of the CA and of this node";
        }

        DateTimeOffset notAfter = leaf.NotAfter.ToUniversalTime();
        return notAfter <= now ? $"the certificate from the CA for {identity} expired at {notAfter:yyyy-MM-ddTHH:mm:ssZ}" : null;
    }

    private static bool TryReadIntermediates(
        SpiffeId identity, IReadOnlyList<string> chain, [NotNullWhen(true)] out List<ReadOnlyMemory<byte>>? intermediates, [NotNullWhen(false)] out string? error)
    {
        intermediates = new List<ReadOnlyMemory<byte>>(chain.Count - 2);
        for (int i = 1; i < chain.Count - 1; i++)
        {
            if (!TryParse(chain[i], out X509Certificate2? intermediate))
            {
                error = $"intermediate {i} of the chain from the CA for {identity} is not valid PEM";
                return false;
            }

            intermediates.Add(intermediate.RawData);
            intermediate.Dispose();
        }

        error = null;
        return true;
    }

    private static bool TryParse(string pem, [NotNullWhen(true)] out X509Certificate2? certificate)
    {
        try
        {
            certificate = X509Certificate2.CreateFromPem(pem);
            return true;
        }
        catch (CryptographicException)
        {
            certificate = null;
            return false;
        }
    }
}
