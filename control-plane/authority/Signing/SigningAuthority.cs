using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.ControlPlane.Authority.Requests;
using Ambient.Identity.Trust;

namespace Ambient.ControlPlane.Authority.Signing;

/// <summary>
/// A certificate with its key that signs workloads' certificates, what leads from it to the roots, and the roots. Immutable and thread-safe;
/// swapped as a whole when anything of it changes.
/// </summary>
public sealed class SigningAuthority : IDisposable
{
    /// <summary>How far certificates begin in the past, for clocks that are behind.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromMinutes(2);

    private readonly X509Certificate2 _certificate;
    private readonly X509Extension _authorityKey;
    private readonly SignerPool _signers;
    private readonly string[] _upstream;
    private readonly RevocationSet _revocations;

    private SigningAuthority(X509Certificate2 certificate, SignerPool signers, IReadOnlyList<X509Certificate2> intermediates, string rootsPem, DateTimeOffset rootsNotAfter, string? revocationPem)
    {
        _certificate = certificate;
        _signers = signers;
        _authorityKey = X509AuthorityKeyIdentifierExtension.CreateFromCertificate(certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false);
        RootsPem = rootsPem;
        RevocationPem = revocationPem;
        _revocations = revocationPem is not null && RevocationSet.TryParse(Encoding.UTF8.GetBytes(revocationPem), out RevocationSet? read, out _) ? read : RevocationSet.Empty;
        RootsNotAfter = rootsNotAfter;
        NotAfter = intermediates.Append(certificate).Min(static link => (DateTimeOffset)link.NotAfter.ToUniversalTime());
        _upstream = [.. intermediates.Select(static link => link.ExportCertificatePem() + "\n"), rootsPem];
    }

    /// <summary>All roots, PEM, ending with a newline.</summary>
    public string RootsPem { get; }

    /// <summary>The revocation list, PEM; null when there is none.</summary>
    public string? RevocationPem { get; }

    /// <summary>When the first certificate from the signer up to the roots ends.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>When the first of the roots ends.</summary>
    public DateTimeOffset RootsNotAfter { get; }

    /// <summary>The signing certificate, DER.</summary>
    public ReadOnlyMemory<byte> CertificateDer => _certificate.RawDataMemory;

    /// <summary>Puts an authority together, and says what does not fit.</summary>
    /// <param name="certificate">The signing certificate.</param>
    /// <param name="key">Its key; a copy is kept.</param>
    /// <param name="intermediates">What leads from it to the roots, itself first, without roots; empty when it is a root.</param>
    /// <param name="rootsPem">The roots.</param>
    /// <param name="revocationPem">The revocation list, if there is one.</param>
    /// <param name="now">An expired certificate is refused.</param>
    /// <param name="authority">The result.</param>
    /// <param name="error">What is wrong, without anything of the key.</param>
    public static bool TryMake(
        X509Certificate2 certificate,
        AsymmetricAlgorithm key,
        IReadOnlyList<X509Certificate2> intermediates,
        string rootsPem,
        string? revocationPem,
        DateTimeOffset now,
        [NotNullWhen(true)] out SigningAuthority? authority,
        [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(intermediates);
        authority = null;
        TrustBundle roots = TrustBundle.ParsePem(rootsPem, out int skipped);
        error = AuthorityCheck.Problem(certificate, key, intermediates, roots, skipped, now) ?? AuthorityCheck.RevocationProblem(revocationPem);
        if (error is not null)
        {
            return false;
        }

        string bundle = string.Concat(roots.RootsDer.Select(static der => PemEncoding.WriteString("CERTIFICATE", der.Span) + "\n"));
        authority = new SigningAuthority(certificate, new SignerPool(key), intermediates, bundle, roots.RootsDer.Min(static der => EndOf(der)), revocationPem);
        return true;
    }

    private static DateTimeOffset EndOf(ReadOnlyMemory<byte> der)
    {
        using X509Certificate2 root = X509CertificateLoader.LoadCertificate(der.Span);
        return root.NotAfter.ToUniversalTime();
    }

    /// <summary>Whether a verified chain (DER, leaf first, root last) has no certificate that the revocation list names.</summary>
    public bool Allows(IReadOnlyList<ReadOnlyMemory<byte>> chain) => _revocations.Allows(chain);

    /// <summary>Makes a certificate: PEM of the leaf, of what leads to the roots, and last of all roots (control-plane reference 6.1).</summary>
    public bool TryIssue(IssueRequest issue, DateTimeOffset now, [NotNullWhen(true)] out IReadOnlyList<string>? chain, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(issue);
        chain = null;
        error = NotAfter <= now ? $"the signing certificate, or one above it, expired at {NotAfter:yyyy-MM-ddTHH:mm:ssZ}" : null;
        if (error is not null)
        {
            return false;
        }

        DateTimeOffset end = now + issue.Lifetime;
        byte[] leaf = _signers.Use(generator => LeafEncoding.Encode(_certificate, _authorityKey, issue, now - Skew, end < NotAfter ? end : NotAfter, generator));
        chain = [PemEncoding.WriteString("CERTIFICATE", leaf) + "\n", .. _upstream];
        return true;
    }

    /// <summary>Makes a certificate for host names: the control plane's own.</summary>
    public bool TryIssueServer(
        ReadOnlyMemory<byte> publicKeyInfo, IReadOnlyList<string> hostNames, TimeSpan lifetime, DateTimeOffset now, [NotNullWhen(true)] out IReadOnlyList<string>? chain, [NotNullWhen(false)] out string? error) =>
        TryIssue(new IssueRequest(new SigningRequest(publicKeyInfo, HasCommonName: false), [], lifetime) { HostNames = hostNames }, now, out chain, out error);

    /// <inheritdoc/>
    public void Dispose()
    {
        _signers.Dispose();
        _certificate.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => $"signing certificate of {_certificate.Subject} until {NotAfter:yyyy-MM-ddTHH:mm:ssZ}";
}
