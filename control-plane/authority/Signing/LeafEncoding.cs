using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Mesh.Identities;

namespace Ambient.ControlPlane.Authority.Signing;

/// <summary>
/// The DER of a workload's certificate (RFC 5280 section 4.1, control-plane reference 6.2). Written directly, because the framework's own way
/// parses each result again, which costs more than the signature. Stateless.
/// </summary>
internal static class LeafEncoding
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private const int MaxCommonName = 64;
    private static readonly Asn1Tag HostTag = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>digitalSignature and keyEncipherment; server and client authentication; not an authority.</summary>
    private static readonly X509Extension[] Fixed =
    [
        new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true),
        new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false),
        new X509BasicConstraintsExtension(false, false, 0, true),
    ];

    internal static byte[] Encode(X509Certificate2 issuer, X509Extension authorityKey, IssueRequest issue, DateTimeOffset from, DateTimeOffset to, X509SignatureGenerator generator)
    {
        byte[] algorithm = generator.GetSignatureAlgorithmIdentifier(HashAlgorithmName.SHA256);
        byte[] body = Body(issuer, authorityKey, issue, from, to, algorithm);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(body);
            writer.WriteEncodedValue(algorithm);
            writer.WriteBitString(generator.SignData(body, HashAlgorithmName.SHA256));
        }

        return writer.Encode();
    }

    private static byte[] Body(X509Certificate2 issuer, X509Extension authorityKey, IssueRequest issue, DateTimeOffset from, DateTimeOffset to, byte[] algorithm)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            {
                writer.WriteInteger(2);
            }

            writer.WriteIntegerUnsigned(Serial());
            writer.WriteEncodedValue(algorithm);
            writer.WriteEncodedValue(issuer.SubjectName.RawData);
            using (writer.PushSequence())
            {
                WriteTime(writer, from);
                WriteTime(writer, to);
            }

            writer.WriteEncodedValue(Subject(issue).RawData);
            writer.WriteEncodedValue(issue.Request.PublicKeyInfo.Span);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 3)))
            using (writer.PushSequence())
            {
                foreach (X509Extension extension in Fixed)
                {
                    Write(writer, extension.Oid!.Value!, extension.Critical, extension.RawData);
                }

                Write(writer, authorityKey.Oid!.Value!, authorityKey.Critical, authorityKey.RawData);
                Write(writer, SubjectAlternativeName, !issue.Request.HasCommonName, Names(issue));
            }
        }

        return writer.Encode();
    }

    /// <summary>128 random bits, positive and not zero.</summary>
    private static byte[] Serial()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }

    /// <summary>Empty, except that a request with a common name gets the first identity as its own.</summary>
    private static X500DistinguishedName Subject(IssueRequest issue)
    {
        var builder = new X500DistinguishedNameBuilder();
        if (issue.Request.HasCommonName)
        {
            string name = issue.Identities[0].ToString();
            builder.AddCommonName(name.Length > MaxCommonName ? name[..MaxCommonName] : name);
        }

        return builder.Build();
    }

    private static byte[] Names(IssueRequest issue)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (SpiffeId identity in issue.Identities)
            {
                writer.WriteCharacterString(UniversalTagNumber.IA5String, identity.ToString(), UriTag);
            }

            foreach (string host in issue.HostNames)
            {
                writer.WriteCharacterString(UniversalTagNumber.IA5String, host, HostTag);
            }
        }

        return writer.Encode();
    }

    private static void Write(AsnWriter writer, string oid, bool isCritical, byte[] value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            if (isCritical)
            {
                writer.WriteBoolean(true);
            }

            writer.WriteOctetString(value);
        }
    }

    /// <summary>UTCTime until 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5).</summary>
    private static void WriteTime(AsnWriter writer, DateTimeOffset time)
    {
        if (time.Year < 2050)
        {
            writer.WriteUtcTime(time);
        }
        else
        {
            writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
        }
    }
}
