using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Identity.Issuing;

/// <summary>The local authority's root on disk: one file with key and certificate, so that it is there whole or not at all.</summary>
internal static class LocalRoot
{
    private const string FileName = "root.pem";
    private const int Years = 10;

    /// <summary>The subject: the organisation, and for the root a name of its own, or its leaves would look self-signed.</summary>
    internal static X500DistinguishedName Name(string organization, string? commonName = null)
    {
        var builder = new X500DistinguishedNameBuilder();
        builder.AddOrganizationName(organization);
        if (commonName is not null)
        {
            builder.AddCommonName(commonName);
        }

        return builder.Build();
    }

    internal static X509Certificate2 Open(string directory, string organization, TimeProvider clock)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            if (!File.Exists(path))
            {
                Create(directory, path, organization, clock);
            }

            string pem = File.ReadAllText(path);
            X509Certificate2 root = X509Certificate2.CreateFromPem(pem, pem);
            if (root.NotAfter.ToUniversalTime() <= clock.GetUtcNow())
            {
                root.Dispose();
                throw new IssueException($"The local authority's root in {path} has expired; remove the file to have a new one made.");
            }

            return root;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new IssueException($"The local authority's root in {path} cannot be used: {cause.Message}", cause);
        }
    }

    /// <summary>Writes a whole file under another name, then links it into place; who comes second uses the first one's.</summary>
    private static void Create(string directory, string path, string organization, TimeProvider clock)
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Directory.CreateDirectory(directory, owner | UnixFileMode.UserExecute);
        string temporary = Path.Combine(directory, $".{FileName}.{Guid.NewGuid():N}");
        try
        {
            using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = owner }))
            {
                stream.Write(System.Text.Encoding.ASCII.GetBytes(MakePem(organization, clock)));
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was first.
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static string MakePem(string organization, TimeProvider clock)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Name(organization, "Ambient local test root"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        DateTimeOffset now = clock.GetUtcNow();
        using X509Certificate2 root = request.CreateSelfSigned(now.AddHours(-1), now.AddYears(Years));
        return $"{root.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }
}
