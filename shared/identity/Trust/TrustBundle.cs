using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Identity.Trust;

/// <summary>The roots that peers are verified against. Immutable.</summary>
public sealed class TrustBundle(IReadOnlyList<ReadOnlyMemory<byte>> rootsDer)
{
    /// <summary>The most roots that one bundle holds; further ones are skipped.</summary>
    public const int MaxRoots = 256;

    private const string Label = "CERTIFICATE";

    /// <summary>The roots, DER.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> RootsDer { get; } = rootsDer;

    /// <summary>
    /// Reads every certificate of a PEM text; other blocks are passed over, and what cannot be parsed is only counted
    /// (ztunnel reference section 6.3). Never throws.
    /// </summary>
    /// <param name="pem">Any number of PEM blocks, with anything between them.</param>
    /// <param name="skipped">How many certificate blocks could not be used.</param>
    public static TrustBundle ParsePem(ReadOnlySpan<char> pem, out int skipped)
    {
        var roots = new List<ReadOnlyMemory<byte>>();
        skipped = 0;
        while (PemEncoding.TryFind(pem, out PemFields fields))
        {
            if (pem[fields.Label] is Label)
            {
                if (roots.Count < MaxRoots && TryDecode(pem[fields.Base64Data], fields.DecodedDataLength) is { } der)
                {
                    roots.Add(der);
                }
                else
                {
                    skipped++;
                }
            }

            pem = pem[fields.Location.End..];
        }

        return new TrustBundle(roots);
    }

    private static byte[]? TryDecode(ReadOnlySpan<char> base64, int length)
    {
        byte[] der = new byte[length];
        if (!Convert.TryFromBase64Chars(base64, der, out int written) || written != length)
        {
            return null;
        }

        try
        {
            using X509Certificate2 parsed = X509CertificateLoader.LoadCertificate(der);
            return parsed.RawData;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
