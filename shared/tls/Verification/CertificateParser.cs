using System.Diagnostics.CodeAnalysis;

namespace Ambient.Tls.Verification;

/// <summary>Reads X.509 certificates strictly (DER only) and never throws on foreign bytes. Pure.</summary>
internal static class CertificateParser
{
    internal const int MaxSize = 32 * 1024;
    private const int MaxSerial = 21;

    /// <summary>Reads one certificate; <paramref name="error"/> names the field that is wrong.</summary>
    internal static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out ParsedCertificate? certificate, [NotNullWhen(false)] out string? error)
    {
        certificate = null;
        if (der.Length > MaxSize)
        {
            error = $"certificate of {der.Length} bytes is larger than {MaxSize}";
            return false;
        }

        var parsed = new ParsedCertificate { Der = der };
        error = ReadCertificate(der.Span, parsed);
        if (error is not null)
        {
            return false;
        }

        certificate = parsed;
        return true;
    }

    private static string? ReadCertificate(ReadOnlySpan<byte> der, ParsedCertificate into)
    {
        var whole = new DerReader(der);
        if (!whole.TryRead(DerTag.Sequence, out DerElement certificate) || !whole.IsAtEnd)
        {
            return "certificate is not one DER sequence";
        }

        DerReader parts = certificate.Inside();
        if (!parts.TryRead(DerTag.Sequence, out DerElement signed)
            || !parts.TryRead(DerTag.Sequence, out DerElement algorithm)
            || !parts.TryRead(DerTag.BitString, out DerElement signature)
            || !parts.IsAtEnd)
        {
            return "certificate does not consist of body, algorithm and signature";
        }

        if (signature.Content.Length < 2 || signature.Content[0] != 0)
        {
            return "signature is not a whole number of bytes";
        }

        into.Signed = signed.Place;
        into.Signature = (signature.ContentPlace.Start.Value + 1)..signature.ContentPlace.End;
        into.SignatureKind = AlgorithmNames.Signature(algorithm.Content);
        return ReadBody(signed, algorithm.Content, into);
    }

    private static string? ReadBody(DerElement body, ReadOnlySpan<byte> outerAlgorithm, ParsedCertificate into)
    {
        DerReader fields = body.Inside();
        if (fields.PeekTag == DerTag.Version && (!fields.TryRead(DerTag.Version, out DerElement version) || !ReadVersion(version, into)))
        {
            return "version is malformed";
        }

        if (!fields.TryRead(DerTag.Integer, out DerElement serial) || serial.Content.Length is 0 or > MaxSerial)
        {
            return "serial number is malformed";
        }

        // RFC 5280 section 4.1.1.2: the algorithm is named twice, inside and outside of what is signed.
        if (!fields.TryRead(DerTag.Sequence, out DerElement algorithm) || !algorithm.Content.SequenceEqual(outerAlgorithm))
        {
            return "signature algorithm inside and outside differ";
        }

        if (!fields.TryRead(DerTag.Sequence, out DerElement issuer)
            || !fields.TryRead(DerTag.Sequence, out DerElement validity)
            || !fields.TryRead(DerTag.Sequence, out DerElement subject)
            || !fields.TryRead(DerTag.Sequence, out DerElement key))
        {
            return "issuer, validity, subject or key is malformed";
        }

        into.Issuer = issuer.Place;
        into.Subject = subject.Place;
        into.PublicKey = key.Place;
        if (!ReadValidity(validity, into))
        {
            return "validity is malformed";
        }

        if (!AlgorithmNames.TryReadKey(key, into))
        {
            return "public key is malformed";
        }

        return ReadTail(ref fields, into);
    }

    private static string? ReadTail(ref DerReader fields, ParsedCertificate into)
    {
        if ((fields.PeekTag == DerTag.IssuerUniqueId && !fields.TryRead(DerTag.IssuerUniqueId, out _))
            || (fields.PeekTag == DerTag.SubjectUniqueId && !fields.TryRead(DerTag.SubjectUniqueId, out _)))
        {
            return "unique identifier is malformed";
        }

        if (fields.IsAtEnd)
        {
            return null;
        }

        if (into.Version != 3)
        {
            return "extensions in a certificate that is not of version 3";
        }

        if (!fields.TryRead(DerTag.Extensions, out DerElement wrapper) || !fields.IsAtEnd)
        {
            return "something follows the public key that is not extensions";
        }

        return ExtensionParser.Read(wrapper, into);
    }

    private static bool ReadVersion(DerElement wrapper, ParsedCertificate into)
    {
        DerReader inside = wrapper.Inside();
        if (!inside.TryRead(DerTag.Integer, out DerElement number) || !inside.IsAtEnd || number.Content.Length != 1 || number.Content[0] is 0 or > 2)
        {
            return false;
        }

        into.Version = number.Content[0] + 1;
        return true;
    }

    private static bool ReadValidity(DerElement validity, ParsedCertificate into)
    {
        DerReader inside = validity.Inside();
        if (!inside.TryReadAnyTime(out DateTimeOffset notBefore) || !inside.TryReadAnyTime(out DateTimeOffset notAfter) || !inside.IsAtEnd)
        {
            return false;
        }

        into.NotBefore = notBefore;
        into.NotAfter = notAfter;
        return true;
    }

    private static bool TryReadAnyTime(ref this DerReader reader, out DateTimeOffset time)
    {
        time = default;
        byte tag = reader.PeekTag;
        return tag is DerTag.UtcTime or DerTag.GeneralizedTime
            && reader.TryRead(tag, out DerElement element)
            && TryParseTime(element.Content, tag == DerTag.UtcTime, out time);
    }

    // YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ, nothing else (RFC 5280 section 4.1.2.5).
    private static bool TryParseTime(ReadOnlySpan<byte> text, bool twoDigitYear, out DateTimeOffset time)
    {
        time = default;
        int yearDigits = twoDigitYear ? 2 : 4;
        if (text.Length != yearDigits + 11 || text[^1] != (byte)'Z' || text[..^1].ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return false;
        }

        int year = Number(text[..yearDigits]);
        if (twoDigitYear)
        {
            year += year < 50 ? 2000 : 1900;
        }

        text = text[yearDigits..];
        int month = Number(text[..2]);
        int day = Number(text[2..4]);
        int hour = Number(text[4..6]);
        int minute = Number(text[6..8]);
        int second = Number(text[8..10]);
        if (year == 0 || month is 0 or > 12 || day == 0 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        time = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero);
        return true;
    }

    private static int Number(ReadOnlySpan<byte> digits)
    {
        int value = 0;
        foreach (byte digit in digits)
        {
            value = (value * 10) + (digit - '0');
        }

        return value;
    }
}
