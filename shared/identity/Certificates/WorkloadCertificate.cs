using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Certificates;

/// <summary>A workload's certificate, key and trust. Immutable; the key is never logged.</summary>
public sealed class WorkloadCertificate
{
    private readonly Lazy<Summary> _summary;
    private readonly DateTimeOffset? _notBefore;
    private readonly DateTimeOffset? _notAfter;

    /// <summary>Makes an empty certificate for the initialiser to fill; nothing is parsed here.</summary>
    public WorkloadCertificate() => _summary = new Lazy<Summary>(() => Summary.Of(LeafDer));

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

    /// <summary>From when the leaf is valid; read from the leaf unless given.</summary>
    /// <exception cref="CryptographicException">The leaf is no certificate.</exception>
    public DateTimeOffset NotBefore
    {
        get => _notBefore ?? _summary.Value.NotBefore;
        init => _notBefore = value;
    }

    /// <summary>Until when the leaf is valid; read from the leaf unless given.</summary>
    /// <exception cref="CryptographicException">The leaf is no certificate.</exception>
    public DateTimeOffset NotAfter
    {
        get => _notAfter ?? _summary.Value.NotAfter;
        init => _notAfter = value;
    }

    /// <summary>The leaf's serial number, decimal.</summary>
    /// <exception cref="CryptographicException">The leaf is no certificate.</exception>
    public string SerialNumber => _summary.Value.SerialNumber;

    /// <summary>The identity only: a certificate can be put into a log line without its key.</summary>
    public override string ToString() => Identity.ToString();

    private sealed record Summary(DateTimeOffset NotBefore, DateTimeOffset NotAfter, string SerialNumber)
    {
        internal static Summary Of(ReadOnlyMemory<byte> der)
        {
            using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(der.Span);
            var serial = new BigInteger(leaf.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true);
            return new Summary(leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime(), serial.ToString(CultureInfo.InvariantCulture));
        }
    }
}
