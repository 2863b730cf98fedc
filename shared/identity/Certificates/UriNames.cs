using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Ambient.Identity.Certificates;

/// <summary>URIs in subjectAltName, byte-exact: <see cref="Uri"/> would rewrite them.</summary>
public static class UriNames
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>A subjectAltName with one URI.</summary>
    /// <exception cref="ArgumentException">The URI has other than ASCII characters.</exception>
    public static X509Extension Extension(string uri, bool critical)
    {
        if (!Ascii.IsValid(uri))
        {
            throw new ArgumentException($"The identity {uri} has characters outside of ASCII, which a URI cannot have.", nameof(uri));
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, UriTag);
        }

        return new X509Extension(SubjectAlternativeName, writer.Encode(), critical);
    }

    /// <summary>The URIs of a certificate in order; none when it has no such extension or the extension is malformed.</summary>
    public static IReadOnlyList<string> Of(X509Certificate2 certificate)
    {
        var uris = new List<string>();
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension.Oid?.Value == SubjectAlternativeName)
            {
                TryRead(extension.RawData, uris);
            }
        }

        return uris;
    }

    private static void TryRead(byte[] value, List<string> uris)
    {
        try
        {
            AsnReader names = new AsnReader(value, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (names.PeekTag() == UriTag)
                {
                    uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag));
                }
                else
                {
                    names.ReadEncodedValue();
                }
            }
        }
        catch (AsnContentException)
        {
            uris.Clear();
        }
    }
}
