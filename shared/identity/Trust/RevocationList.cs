using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Identity.Trust;

/// <summary>One CRL: whose certificates it speaks of and which serial numbers are revoked (RFC 5280 section 5). Immutable.</summary>
/// <remarks>A list past its nextUpdate still counts: the last word known is better than none (ztunnel reference section 2.11).</remarks>
public sealed class RevocationList
{
    private const string IssuingDistributionPoint = "2.5.29.28";
    private const string DeltaIndicator = "2.5.29.27";
    private readonly HashSet<string> _serials;
    private readonly SignedPart _signed;

    private RevocationList(byte[] issuer, HashSet<string> serials, SignedPart signed)
    {
        IssuerDer = issuer;
        _serials = serials;
        _signed = signed;
    }

    /// <summary>The issuer's distinguished name, DER.</summary>
    public ReadOnlyMemory<byte> IssuerDer { get; }

    /// <summary>How many certificates are revoked.</summary>
    public int Count => _serials.Count;

    /// <summary>Reads one DER list. Never throws.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out RevocationList? list, [NotNullWhen(false)] out string? error)
    {
        list = null;
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            AsnReader body = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            ReadOnlyMemory<byte> tbs = body.ReadEncodedValue();
            string algorithm = ReadAlgorithm(body);
            byte[] signature = body.ReadBitString(out _);
            body.ThrowIfNotEmpty();
            return TryParseBody(tbs, new SignedPart(tbs.ToArray(), algorithm, signature), out list, out error);
        }
        catch (AsnContentException malformed)
        {
            error = $"not a certificate revocation list: {malformed.Message}";
            return false;
        }
    }

    /// <summary>Whether this list has the serial number (DER contents, hexadecimal).</summary>
    internal bool Lists(string serial) => _serials.Contains(serial);

    /// <summary>Whether the list was signed by this key; one that was not is someone else's who shares the name.</summary>
    internal bool IsSignedBy(ReadOnlyMemory<byte> subjectPublicKeyInfo) => _signed.IsSignedBy(subjectPublicKeyInfo);

    private static string ReadAlgorithm(AsnReader reader)
    {
        AsnReader algorithm = reader.ReadSequence();
        return algorithm.ReadObjectIdentifier();
    }

    private static bool TryParseBody(
        ReadOnlyMemory<byte> tbs, SignedPart signed, [NotNullWhen(true)] out RevocationList? list, [NotNullWhen(false)] out string? error)
    {
        list = null;
        AsnReader reader = new AsnReader(tbs, AsnEncodingRules.DER).ReadSequence();
        if (reader.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
        {
            reader.ReadInteger();
        }

        ReadAlgorithm(reader);
        byte[] issuer = reader.ReadEncodedValue().ToArray();
        reader.ReadEncodedValue();
        if (reader.HasData && reader.PeekTag().TagClass == TagClass.Universal && reader.PeekTag().TagValue is (int)UniversalTagNumber.UtcTime or (int)UniversalTagNumber.GeneralizedTime)
        {
            reader.ReadEncodedValue();
        }

        var serials = new HashSet<string>(StringComparer.Ordinal);
        if (reader.HasData && reader.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            AsnReader revoked = reader.ReadSequence();
            while (revoked.HasData)
            {
                AsnReader entry = revoked.ReadSequence();
                serials.Add(Convert.ToHexString(entry.ReadIntegerBytes().Span));
            }
        }

        error = reader.HasData ? CheckExtensions(reader) : null;
        if (error is not null)
        {
            return false;
        }

        list = new RevocationList(issuer, serials, signed);
        return true;
    }

    /// <summary>What we cannot honour must not be read as if it said nothing.</summary>
    private static string? CheckExtensions(AsnReader reader)
    {
        AsnReader extensions = reader.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
        while (extensions.HasData)
        {
            AsnReader extension = extensions.ReadSequence();
            string oid = extension.ReadObjectIdentifier();
            bool critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            if (oid == DeltaIndicator)
            {
                return "delta certificate revocation lists are not supported";
            }

            if (critical && oid != IssuingDistributionPoint)
            {
                return $"the certificate revocation list has the unknown critical extension {oid}";
            }
        }

        return null;
    }

    /// <summary>The signed bytes; verified against each key once, because a handshake must stay cheap.</summary>
    private sealed class SignedPart(byte[] body, string algorithm, byte[] signature)
    {
        private readonly Dictionary<string, bool> _verdicts = new(StringComparer.Ordinal);

        internal bool IsSignedBy(ReadOnlyMemory<byte> key)
        {
            string id = Convert.ToHexString(SHA256.HashData(key.Span));
            lock (_verdicts)
            {
                if (!_verdicts.TryGetValue(id, out bool verdict))
                {
                    verdict = Verify(key);
                    if (_verdicts.Count < 64)
                    {
                        _verdicts.Add(id, verdict);
                    }
                }

                return verdict;
            }
        }

        private bool Verify(ReadOnlyMemory<byte> key)
        {
            try
            {
                PublicKey parsed = PublicKey.CreateFromSubjectPublicKeyInfo(key.Span, out _);
                if (parsed.GetECDsaPublicKey() is { } ecdsa)
                {
                    using (ecdsa)
                    {
                        return ecdsa.VerifyData(body, signature, Hash(), DSASignatureFormat.Rfc3279DerSequence);
                    }
                }

                using RSA? rsa = parsed.GetRSAPublicKey();
                return rsa is not null && rsa.VerifyData(body, signature, Hash(), RSASignaturePadding.Pkcs1);
            }
            catch (CryptographicException)
            {
                return false;
            }
        }

        private HashAlgorithmName Hash() => algorithm switch
        {
            "1.2.840.10045.4.3.2" or "1.2.840.113549.1.1.11" => HashAlgorithmName.SHA256,
            "1.2.840.10045.4.3.3" or "1.2.840.113549.1.1.12" => HashAlgorithmName.SHA384,
            "1.2.840.10045.4.3.4" or "1.2.840.113549.1.1.13" => HashAlgorithmName.SHA512,
            _ => throw new CryptographicException($"The signature algorithm {algorithm} is not supported."),
        };
    }
}
