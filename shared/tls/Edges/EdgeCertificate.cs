using Ambient.Identity.Certificates;

namespace Ambient.Tls.Edges;

/// <summary>A certificate with its intermediates and its key, as PEM files have them. Immutable; the key is never logged.</summary>
public sealed class EdgeCertificate
{
    private EdgeCertificate(IReadOnlyList<ReadOnlyMemory<byte>> chain, ReadOnlyMemory<byte> key) => (Chain, Key) = (chain, key);

    /// <summary>The leaf and what follows it, DER.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Chain { get; }

    /// <summary>The private key, DER of any of the usual forms.</summary>
    internal ReadOnlyMemory<byte> Key { get; }

    /// <summary>A certificate of the mesh.</summary>
    public static EdgeCertificate Of(WorkloadCertificate certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return new EdgeCertificate([certificate.LeafDer, .. certificate.IntermediatesDer], certificate.PrivateKeyPkcs8);
    }

    /// <summary>Reads both files; false with what is wrong, which holds nothing of the key.</summary>
    public static bool TryRead(ReadOnlySpan<byte> chainPem, ReadOnlySpan<byte> keyPem, out EdgeCertificate? certificate, out string error)
    {
        certificate = null;
        if (!PemFile.TryRead(chainPem, static label => label is "CERTIFICATE" or "X509 CERTIFICATE" or "TRUSTED CERTIFICATE", out IReadOnlyList<ReadOnlyMemory<byte>> chain, out error))
        {
            error = "the certificate: " + error;
            return false;
        }

        if (!PemFile.TryRead(keyPem, static label => label is "PRIVATE KEY" or "RSA PRIVATE KEY" or "EC PRIVATE KEY", out IReadOnlyList<ReadOnlyMemory<byte>> keys, out error))
        {
            error = "the private key: " + error;
            return false;
        }

        certificate = new EdgeCertificate(chain, keys[0]);
        return true;
    }

    /// <summary>Says nothing of what it holds.</summary>
    public override string ToString() => $"certificate with {Chain.Count - 1} intermediates";
}
