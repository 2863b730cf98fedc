using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Text;

namespace Ambient.Waypoint.Edges;

/// <summary>
/// A certificate's subject as text (RFC 2253, as OpenSSL and Envoy write it): the last part first, what has a meaning escaped, and of everything outside of ASCII the octets of UTF-8. Pure.
/// </summary>
internal static class DistinguishedName
{
    // Short names of the types that OpenSSL knows and that are found in subjects.
    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["2.5.4.3"] = "CN",
        ["2.5.4.4"] = "SN",
        ["2.5.4.5"] = "serialNumber",
        ["2.5.4.6"] = "C",
        ["2.5.4.7"] = "L",
        ["2.5.4.8"] = "ST",
        ["2.5.4.9"] = "street",
        ["2.5.4.10"] = "O",
        ["2.5.4.11"] = "OU",
        ["2.5.4.12"] = "title",
        ["2.5.4.13"] = "description",
        ["2.5.4.15"] = "businessCategory",
        ["2.5.4.16"] = "postalAddress",
        ["2.5.4.17"] = "postalCode",
        ["2.5.4.41"] = "name",
        ["2.5.4.42"] = "GN",
        ["2.5.4.43"] = "initials",
        ["2.5.4.44"] = "generationQualifier",
        ["2.5.4.46"] = "dnQualifier",
        ["2.5.4.65"] = "pseudonym",
        ["2.5.4.97"] = "organizationIdentifier",
        ["0.9.2342.19200300.100.1.1"] = "UID",
        ["0.9.2342.19200300.100.1.25"] = "DC",
        ["1.2.840.113549.1.9.1"] = "emailAddress",
        ["1.3.6.1.4.1.311.60.2.1.1"] = "jurisdictionL",
        ["1.3.6.1.4.1.311.60.2.1.2"] = "jurisdictionST",
        ["1.3.6.1.4.1.311.60.2.1.3"] = "jurisdictionC",
    };

    /// <summary>The text; only printable ASCII is in it.</summary>
    /// <param name="der">A Name (RFC 5280 section 4.1.2.4).</param>
    /// <exception cref="AsnContentException">It is none.</exception>
    public static string Format(ReadOnlyMemory<byte> der)
    {
        List<string> parts = [];
        AsnReader name = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        while (name.HasData)
        {
            List<string> pairs = [];
            AsnReader part = name.ReadSetOf(skipSortOrderValidation: true);
            while (part.HasData)
            {
                AsnReader pair = part.ReadSequence();
                pairs.Add(Pair(pair.ReadObjectIdentifier(), pair.ReadEncodedValue()));
                pair.ThrowIfNotEmpty();
            }

            pairs.Reverse();
            parts.Add(string.Join('+', pairs));
        }

        parts.Reverse();
        return string.Join(',', parts);
    }

    private static string Pair(string type, ReadOnlyMemory<byte> value)
    {
        Asn1Tag tag = Asn1Tag.Decode(value.Span, out _);
        byte[]? text = tag is { TagClass: TagClass.Universal, IsConstructed: false } ? Utf8Of((UniversalTagNumber)tag.TagValue, ContentOf(value)) : null;
        return !Types.TryGetValue(type, out string? known) ? $"{type}=#{Convert.ToHexString(value.Span)}"
            : text is null ? $"{known}=#{Convert.ToHexString(value.Span)}"
            : $"{known}={Escape(text)}";
    }

    private static ReadOnlySpan<byte> ContentOf(ReadOnlyMemory<byte> value)
    {
        AsnDecoder.ReadEncodedValue(value.Span, AsnEncodingRules.DER, out int offset, out int length, out _);
        return value.Span.Slice(offset, length);
    }

    // Null: no kind of text.
    private static byte[]? Utf8Of(UniversalTagNumber type, ReadOnlySpan<byte> content) => type switch
    {
        UniversalTagNumber.UTF8String => content.ToArray(),
        UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String or UniversalTagNumber.NumericString or UniversalTagNumber.TeletexString or UniversalTagNumber.VisibleString =>
            Encoding.UTF8.GetBytes(Encoding.Latin1.GetString(content)),
        UniversalTagNumber.BMPString when content.Length % 2 == 0 => Encoding.UTF8.GetBytes(Encoding.BigEndianUnicode.GetString(content)),
        UniversalTagNumber.UniversalString when content.Length % 4 == 0 => Utf8Of(content),
        _ => null,
    };

    private static byte[] Utf8Of(ReadOnlySpan<byte> utf32)
    {
        StringBuilder text = new();
        for (; utf32.Length >= 4; utf32 = utf32[4..])
        {
            text.Append(Rune.TryCreate(BinaryPrimitives.ReadUInt32BigEndian(utf32), out Rune rune) ? rune.ToString() : "\uFFFD");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string Escape(ReadOnlySpan<byte> text)
    {
        StringBuilder escaped = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char letter = (char)text[i];
            bool isEdge = (i == 0 && letter is ' ' or '#') || (i == text.Length - 1 && letter == ' ');
            if (letter is < ' ' or >= '\x7f')
            {
                escaped.Append('\\').Append(text[i].ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            }
            else if (isEdge || letter is ',' or '+' or '"' or '\\' or '<' or '>' or ';')
            {
                escaped.Append('\\').Append(letter);
            }
            else
            {
                escaped.Append(letter);
            }
        }

        return escaped.ToString();
    }
}
