using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Ambient.Waypoint.Edges;

/// <summary>
/// What a client's certificate says. It was signed by the listener's authorities; only where these are the mesh's is one of its names an identity of the mesh. Immutable.
/// </summary>
internal sealed record ClientCertificate
{
    private const string SubjectAltName = "2.5.29.17";
    private const int DnsTag = 2;
    private const int UriTag = 6;

    /// <summary>SHA-256 of the certificate, hexadecimal in lower case.</summary>
    public required string Hash { get; init; }

    /// <summary>SHA-256 of the public key, Base64.</summary>
    public required string KeyHash { get; init; }

    /// <summary>Its subject, RFC 2253; printable ASCII.</summary>
    public required string Subject { get; init; }

    /// <summary>Its URIs. What could not be written into a header field is none of them.</summary>
    public required IReadOnlyList<string> Uris { get; init; }

    /// <summary>Its host names, likewise.</summary>
    public required IReadOnlyList<string> HostNames { get; init; }

    /// <summary>All of its names.</summary>
    public IEnumerable<string> Names => Uris.Concat(HostNames);

    /// <summary>Reads one; false when it is none.</summary>
    public static bool TryRead(byte[] der, [NotNullWhen(true)] out ClientCertificate? certificate)
    {
        certificate = null;
        try
        {
            using X509Certificate2 parsed = X509CertificateLoader.LoadCertificate(der);
            List<string> uris = [], hosts = [];
            foreach (X509Extension extension in parsed.Extensions)
            {
                if (extension.Oid?.Value == SubjectAltName)
                {
                    ReadNames(extension.RawData, uris, hosts);
                }
            }

            certificate = new ClientCertificate
            {
                Hash = Convert.ToHexStringLower(SHA256.HashData(der)),
                KeyHash = Convert.ToBase64String(SHA256.HashData(parsed.PublicKey.ExportSubjectPublicKeyInfo())),
                Subject = DistinguishedName.Format(parsed.SubjectName.RawData),
                Uris = uris,
                HostNames = hosts,
            };
            return true;
        }
        catch (Exception broken) when (broken is CryptographicException or AsnContentException)
        {
            return false;
        }
    }

    /// <summary>One element of x-forwarded-client-cert, as Envoy writes it.</summary>
    public string Element()
    {
        StringBuilder text = new();

        // The subject's own escapes are those of a quoted value too.
        text.Append("Hash=").Append(Hash).Append(";Subject=\"").Append(Subject).Append('"');
        text.Append(";URI=").Append(Quoted(Uris.Count > 0 ? Uris[0] : ""));
        foreach (string host in HostNames)
        {
            text.Append(";DNS=").Append(Quoted(host));
        }

        return text.ToString();
    }

    // What separates elements and pairs must not come from a certificate.
    private static string Quoted(string value) =>
        value.AsSpan().ContainsAny(",;=\"") ? $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : value;

    private static void ReadNames(byte[] extension, List<string> uris, List<string> hosts)
    {
        AsnReader names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            Asn1Tag tag = names.PeekTag();
            if (tag.TagClass == TagClass.ContextSpecific && tag.TagValue is DnsTag or UriTag)
            {
                string name = Encoding.Latin1.GetString(names.ReadOctetString(tag));
                if (name.All(static letter => letter is >= ' ' and < '\x7f'))
                {
                    (tag.TagValue == DnsTag ? hosts : uris).Add(name);
                }
            }
            else
            {
                names.ReadEncodedValue();
            }
        }
    }
}
