using Ambient.Mesh.Identities;

namespace Ambient.Tls.Verification;

/// <summary>Reads the extensions that matter for a path (RFC 5280 section 4.2); what is critical and unknown is refused. Pure.</summary>
internal static class ExtensionParser
{
    private const int MaxExtensions = 32;
    private const int MaxNames = 64;

    // 2.5.29.x, by x.
    private const byte SubjectKeyId = 14;
    private const byte KeyUsage = 15;
    private const byte AlternativeName = 17;
    private const byte IssuerAlternativeName = 18;
    private const byte BasicConstraints = 19;
    private const byte NameConstraints = 30;
    private const byte CertificatePolicies = 32;
    private const byte AuthorityKeyId = 35;
    private const byte ExtendedKeyUsage = 37;

    private static ReadOnlySpan<byte> IdCe => [0x55, 0x1D];

    // 1.3.6.1.5.5.7.3.x and anyExtendedKeyUsage.
    private static ReadOnlySpan<byte> IdKp => [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03];

    private static ReadOnlySpan<byte> AnyUsage => [0x55, 0x1D, 0x25, 0x00];

    internal static string? Read(DerElement wrapper, ParsedCertificate into)
    {
        DerReader outer = wrapper.Inside();
        if (!outer.TryRead(DerTag.Sequence, out DerElement list) || !outer.IsAtEnd || list.Content.IsEmpty)
        {
            return "extensions are malformed";
        }

        DerReader extensions = list.Inside();
        ulong seen = 0;
        int count = 0;
        while (!extensions.IsAtEnd)
        {
            if (++count > MaxExtensions)
            {
                return $"more than {MaxExtensions} extensions";
            }

            if (!extensions.TryRead(DerTag.Sequence, out DerElement extension) || !Split(extension, out ReadOnlySpan<byte> id, out bool critical, out DerElement value))
            {
                return "an extension is malformed";
            }

            if (ReadOne(id, critical, value, ref seen, into) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static bool Split(DerElement extension, out ReadOnlySpan<byte> id, out bool critical, out DerElement value)
    {
        id = default;
        critical = false;
        value = default;
        DerReader parts = extension.Inside();
        if (!parts.TryRead(DerTag.ObjectId, out DerElement name))
        {
            return false;
        }

        id = name.Content;
        if (parts.PeekTag == DerTag.Boolean)
        {
            if (!parts.TryRead(DerTag.Boolean, out DerElement flag) || flag.Content.Length != 1 || flag.Content[0] is not (0 or 0xFF))
            {
                return false;
            }

            critical = flag.Content[0] != 0;
        }

        return parts.TryRead(DerTag.OctetString, out value) && parts.IsAtEnd;
    }

    private static string? ReadOne(ReadOnlySpan<byte> id, bool critical, DerElement value, ref ulong seen, ParsedCertificate into)
    {
        byte number = id.Length == 3 && id.StartsWith(IdCe) && id[2] < 64 ? id[2] : (byte)0;
        if (number != 0)
        {
            if ((seen & (1UL << number)) != 0)
            {
                return $"extension 2.5.29.{number} appears twice";
            }

            seen |= 1UL << number;
        }

        switch (number)
        {
            case BasicConstraints:
                return ReadBasicConstraints(value, into) ? null : "basicConstraints is malformed";
            case KeyUsage:
                return ReadKeyUsage(value, into) ? null : "keyUsage is malformed";
            case ExtendedKeyUsage:
                return ReadExtendedKeyUsage(value, into) ? null : "extendedKeyUsage is malformed";
            case AlternativeName:
                return ReadAlternativeNames(value, into);
            case NameConstraints:
                // A constraint that nobody checks would be a hole, so a path with one isn't trusted.
                into.Refusal ??= "name constraints are not supported";
                return null;
            case SubjectKeyId or AuthorityKeyId or IssuerAlternativeName or CertificatePolicies:
                return null;
            default:
                if (critical)
                {
                    into.Refusal ??= $"unknown critical extension {Convert.ToHexStringLower(id[..Math.Min(id.Length, 16)])}";
                }

                return null;
        }
    }

    private static bool ReadBasicConstraints(DerElement value, ParsedCertificate into)
    {
        DerReader outer = value.Inside();
        if (!outer.TryRead(DerTag.Sequence, out DerElement list) || !outer.IsAtEnd)
        {
            return false;
        }

        DerReader parts = list.Inside();
        into.IsAuthority = false;
        if (parts.PeekTag == DerTag.Boolean)
        {
            if (!parts.TryRead(DerTag.Boolean, out DerElement flag) || flag.Content.Length != 1 || flag.Content[0] is not (0 or 0xFF))
            {
                return false;
            }

            into.IsAuthority = flag.Content[0] != 0;
        }

        if (parts.PeekTag == DerTag.Integer)
        {
            if (!parts.TryRead(DerTag.Integer, out DerElement length) || length.Content.Length != 1 || length.Content[0] > 127)
            {
                return false;
            }

            into.PathLength = length.Content[0];
        }

        return parts.IsAtEnd;
    }

    private static bool ReadKeyUsage(DerElement value, ParsedCertificate into)
    {
        DerReader outer = value.Inside();
        if (!outer.TryRead(DerTag.BitString, out DerElement bits) || !outer.IsAtEnd || bits.Content.Length is < 2 or > 3 || bits.Content[0] > 7)
        {
            return false;
        }

        int usage = 0;
        for (int bit = 0; bit < (bits.Content.Length - 1) * 8; bit++)
        {
            if ((bits.Content[1 + (bit / 8)] & (0x80 >> (bit % 8))) != 0)
            {
                usage |= 1 << bit;
            }
        }

        into.KeyUsage = usage;
        return true;
    }

    private static bool ReadExtendedKeyUsage(DerElement value, ParsedCertificate into)
    {
        const byte serverAuth = 1;
        const byte clientAuth = 2;
        DerReader outer = value.Inside();
        if (!outer.TryRead(DerTag.Sequence, out DerElement list) || !outer.IsAtEnd || list.Content.IsEmpty)
        {
            return false;
        }

        into.AllowsServer = false;
        into.AllowsClient = false;
        DerReader usages = list.Inside();
        while (!usages.IsAtEnd)
        {
            if (!usages.TryRead(DerTag.ObjectId, out DerElement usage))
            {
                return false;
            }

            ReadOnlySpan<byte> id = usage.Content;
            bool any = id.SequenceEqual(AnyUsage);
            bool purpose = id.Length == IdKp.Length + 1 && id.StartsWith(IdKp);
            into.AllowsServer |= any || (purpose && id[^1] == serverAuth);
            into.AllowsClient |= any || (purpose && id[^1] == clientAuth);
        }

        return true;
    }

    private static string? ReadAlternativeNames(DerElement value, ParsedCertificate into)
    {
        DerReader outer = value.Inside();
        if (!outer.TryRead(DerTag.Sequence, out DerElement list) || !outer.IsAtEnd || list.Content.IsEmpty)
        {
            return "subjectAltName is malformed";
        }

        DerReader names = list.Inside();
        int count = 0;
        while (!names.IsAtEnd)
        {
            if (++count > MaxNames)
            {
                return $"subjectAltName has more than {MaxNames} names";
            }

            byte tag = names.PeekTag;
            if (!names.TryReadAny(out DerElement name))
            {
                return "subjectAltName is malformed";
            }

            if (tag != DerTag.UriName)
            {
                continue;
            }

            // An IA5String of printable characters; a NUL would let two readers see two different names.
            if (name.Content.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E))
            {
                return name.Content.Contains((byte)0) ? "a URI SAN contains a NUL byte" : "a URI SAN contains a character that no URI has";
            }

            if (SpiffeId.TryParse(name.Content, out SpiffeId? identity))
            {
                into.Identities.Add(identity);
            }
        }

        return null;
    }
}
