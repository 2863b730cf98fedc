using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.ControlPlane.Authority.Requests;

/// <summary>
/// A certificate request that is well formed and signed by its own key. Of all it says only the key counts, and whether there is a common
/// name (control-plane reference 6.2, Q9). Immutable.
/// </summary>
/// <param name="PublicKeyInfo">SubjectPublicKeyInfo, DER.</param>
/// <param name="HasCommonName">Whether its subject has a common name.</param>
public sealed record SigningRequest(ReadOnlyMemory<byte> PublicKeyInfo, bool HasCommonName)
{
    /// <summary>The longest request, in characters of PEM.</summary>
    public const int MaxLength = 16 * 1024;

    private const string Label = "CERTIFICATE REQUEST";
    private const string CommonName = "2.5.4.3";
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const string EllipticCurve = "1.2.840.10045.2.1";
    private const int MinRsaBits = 2048;
    private const int MaxRsaBits = 8192;
    private static readonly string[] Curves = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

    /// <summary>Reads a request; foreign text gives an error, never an exception.</summary>
    public static bool TryParse(string pem, [NotNullWhen(true)] out SigningRequest? request, [NotNullWhen(false)] out string? error)
    {
        request = null;
        if (!TryDecode(pem, out byte[]? der, out error))
        {
            return false;
        }

        try
        {
            CertificateRequest parsed = CertificateRequest.LoadSigningRequest(der, HashAlgorithmName.SHA256, out int read, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1);
            if (read != der.Length)
            {
                error = "the certificate request has bytes after its end";
                return false;
            }

            error = CheckKey(parsed.PublicKey);
            request = error is null ? new SigningRequest(parsed.PublicKey.ExportSubjectPublicKeyInfo(), HasName(parsed.SubjectName)) : null;
            return request is not null;
        }
        catch (Exception malformed) when (malformed is CryptographicException or AsnContentException or ArgumentException or NotSupportedException or OverflowException)
        {
            error = "the certificate request cannot be read, or is not signed by its own key";
            return false;
        }
    }

    private static bool TryDecode(string pem, [NotNullWhen(true)] out byte[]? der, [NotNullWhen(false)] out string? error)
    {
        der = null;
        error = pem.Length switch
        {
            0 => "the certificate request is empty",
            > MaxLength => $"the certificate request has {pem.Length} characters, allowed are {MaxLength}",
            _ => null,
        };
        if (error is not null)
        {
            return false;
        }

        ReadOnlySpan<char> text = pem;
        if (!PemEncoding.TryFind(text, out PemFields fields) || text[fields.Label] is not Label)
        {
            error = $"the certificate request is not PEM with the label {Label}";
            return false;
        }

        if (!text[..fields.Location.Start.Value].IsWhiteSpace() || !text[fields.Location.End.Value..].IsWhiteSpace())
        {
            error = "there is other text around the certificate request";
            return false;
        }

        der = new byte[fields.DecodedDataLength];
        return Convert.TryFromBase64Chars(text[fields.Base64Data], der, out _) || (error = "the certificate request is not base64") is null;
    }

    private static string? CheckKey(PublicKey key)
    {
        switch (key.Oid.Value)
        {
            case Rsa:
                using (RSA rsa = key.GetRSAPublicKey()!)
                {
                    return rsa.KeySize is >= MinRsaBits and <= MaxRsaBits ? null : $"the RSA key has {rsa.KeySize} bits, allowed are {MinRsaBits} to {MaxRsaBits}";
                }

            case EllipticCurve:
                return Curves.Contains(Curve(key)) ? null : "the key's curve is none of P-256, P-384 and P-521";

            default:
                return "the key is neither RSA nor of an elliptic curve";
        }
    }

    /// <summary>By name alone: making a key of it costs as much as the rest of the request. That it is a point of the curve the signature has shown.</summary>
    private static string Curve(PublicKey key) =>
        key.EncodedParameters is { } parameters ? AsnDecoder.ReadObjectIdentifier(parameters.RawData, AsnEncodingRules.DER, out _) : "";

    private static bool HasName(X500DistinguishedName subject) =>
        subject.EnumerateRelativeDistinguishedNames().Any(static name => !name.HasMultipleElements && name.GetSingleElementType().Value == CommonName);
}
