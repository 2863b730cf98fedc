using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;

namespace Ambient.Identity.Trust;

/// <summary>What revocation needs of one certificate, read without building a whole certificate object (RFC 5280 section 4.1). Immutable.</summary>
internal sealed record ChainLink(ReadOnlyMemory<byte> Issuer, string Serial, ReadOnlyMemory<byte> PublicKey)
{
    internal static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out ChainLink? link)
    {
        link = null;
        try
        {
            AsnReader tbs = new AsnReader(der, AsnEncodingRules.DER).ReadSequence().ReadSequence();
            var version = new Asn1Tag(TagClass.ContextSpecific, 0);
            if (tbs.PeekTag().HasSameClassAndValue(version))
            {
                tbs.ReadEncodedValue();
            }

            string serial = Convert.ToHexString(tbs.ReadIntegerBytes().Span);
            tbs.ReadEncodedValue();
            ReadOnlyMemory<byte> issuer = tbs.ReadEncodedValue();
            tbs.ReadEncodedValue();
            tbs.ReadEncodedValue();
            link = new ChainLink(issuer, serial, tbs.ReadEncodedValue());
            return true;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    /// <summary>Reads a whole chain; false when any part cannot be read.</summary>
    internal static bool TryParse(IReadOnlyList<ReadOnlyMemory<byte>> chain, [NotNullWhen(true)] out ChainLink[]? links)
    {
        links = new ChainLink[chain.Count];
        for (int i = 0; i < links.Length; i++)
        {
            if (!TryParse(chain[i], out ChainLink? link))
            {
                links = null;
                return false;
            }

            links[i] = link;
        }

        return links.Length > 0;
    }
}
