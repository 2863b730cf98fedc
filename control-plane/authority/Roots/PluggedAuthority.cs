using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority.Signing;

namespace Ambient.ControlPlane.Authority.Roots;

/// <summary>An authority that operators put into a directory, in either of its two forms (control-plane reference 6.5). Stateless.</summary>
public static class PluggedAuthority
{
    private static readonly string[] OwnForm = ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"];
    private static readonly string[] TlsForm = ["tls.crt", "tls.key", "ca.crt"];

    /// <summary>Whether the directory has any file of an authority: then all must be there.</summary>
    public static bool IsPresent(string directory) => OwnForm.Concat(TlsForm).Any(name => File.Exists(Path.Combine(directory, name)));

    /// <summary>Reads the directory; the error names files and never their content.</summary>
    public static bool TryLoad(string directory, DateTimeOffset now, [NotNullWhen(true)] out SigningAuthority? authority, [NotNullWhen(false)] out string? error)
    {
        authority = null;
        string At(string name) => Path.Combine(directory, name);
        string[] form = File.Exists(At("tls.crt")) ? TlsForm : OwnForm;
        string[] missing = [.. form.Where(name => !File.Exists(At(name)))];
        if (missing.Length > 0)
        {
            error = $"the plugged-in authority in {directory} lacks {string.Join(", ", missing)}";
            return false;
        }

        string reading = "";
        try
        {
            string Read(string name) => File.ReadAllText(At(reading = name));
            bool isTls = form == TlsForm;
            string certificates = Read(form[0]);
            X509Certificate2 certificate = X509Certificate2.CreateFromPem(certificates);
            string roots = Read(form[^1]);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificates);
            chain.ImportFromPem(isTls ? roots : Read("cert-chain.pem"));
            string? revocation = File.Exists(At("ca-crl.pem")) ? Read("ca-crl.pem") : null;
            using AsymmetricAlgorithm key = certificate.PublicKey.Oid.Value == "1.2.840.113549.1.1.1" ? RSA.Create() : ECDsa.Create();
            key.ImportFromPem(Read(form[1]));
            if (!SigningAuthority.TryMake(certificate, key, Intermediates(certificate, chain), roots, revocation, now, out authority, out error))
            {
                error = $"the plugged-in authority in {directory} cannot be used: {error}";
            }

            return authority is not null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            error = $"{At(reading)} cannot be read: {unreadable.Message}";
        }
        catch (Exception unreadable) when (unreadable is CryptographicException or ArgumentException)
        {
            // The reason would quote the file, which may be the key.
            error = $"{At(reading)} is not what its name says";
        }

        return false;
    }

    /// <summary>From the signer up, each by the name of its issuer, without roots. What the file has besides is left out.</summary>
    private static List<X509Certificate2> Intermediates(X509Certificate2 signer, X509Certificate2Collection chain)
    {
        var path = new List<X509Certificate2>();
        X509Certificate2? next = signer;
        while (next is not null && !IsSelfIssued(next) && path.Count < 8)
        {
            path.Add(next);
            byte[] issuer = next.IssuerName.RawData;
            next = chain.FirstOrDefault(candidate => candidate.SubjectName.RawData.AsSpan().SequenceEqual(issuer) && !path.Contains(candidate));
        }

        return path;
    }

    private static bool IsSelfIssued(X509Certificate2 certificate) => certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
}
