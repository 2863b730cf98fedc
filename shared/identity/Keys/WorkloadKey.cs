using System.Security.Cryptography;

namespace Ambient.Identity.Keys;

/// <summary>A fresh ECDSA P-256 key: one for every certificate request (ztunnel reference section 6.1). Not thread-safe.</summary>
public sealed class WorkloadKey : IDisposable
{
    private WorkloadKey(ECDsa algorithm) => Algorithm = algorithm;

    internal ECDsa Algorithm { get; }

    /// <summary>Makes a key.</summary>
    public static WorkloadKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>The private key, PKCS#8 DER. Never logged, never written to disk.</summary>
    public byte[] ExportPkcs8() => Algorithm.ExportPkcs8PrivateKey();

    /// <summary>The public key, SubjectPublicKeyInfo DER.</summary>
    public byte[] ExportPublicKey() => Algorithm.ExportSubjectPublicKeyInfo();

    /// <inheritdoc/>
    public void Dispose() => Algorithm.Dispose();
}
