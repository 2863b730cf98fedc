using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Ambient.Identity.Trust;

/// <summary>All lists of one file. Immutable.</summary>
public sealed class RevocationSet
{
    /// <summary>Revokes nothing.</summary>
    public static readonly RevocationSet Empty = new([]);

    private readonly Dictionary<string, List<RevocationList>> _byIssuer = new(StringComparer.Ordinal);

    private RevocationSet(IReadOnlyList<RevocationList> lists)
    {
        Lists = lists;
        foreach (RevocationList list in lists)
        {
            string key = Key(list.IssuerDer);
            if (!_byIssuer.TryGetValue(key, out List<RevocationList>? same))
            {
                _byIssuer.Add(key, same = []);
            }

            same.Add(list);
        }
    }

    /// <summary>The lists in the order of the file.</summary>
    public IReadOnlyList<RevocationList> Lists { get; }

    /// <summary>Reads a file's content: PEM with any number of lists (other blocks are passed over), one DER list, or nothing at all. Never throws.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> content, [NotNullWhen(true)] out RevocationSet? set, [NotNullWhen(false)] out string? error)
    {
        set = null;
        if (content.Span.Trim(" \t\r\n"u8).IsEmpty)
        {
            set = Empty;
            error = null;
            return true;
        }

        var lists = new List<RevocationList>();
        if (content.Span[0] == 0x30)
        {
            if (!RevocationList.TryParse(content, out RevocationList? single, out error))
            {
                return false;
            }

            lists.Add(single);
        }
        else if (!TryParsePem(Encoding.UTF8.GetString(content.Span), lists, out error))
        {
            return false;
        }

        set = new RevocationSet(lists);
        error = null;
        return true;
    }

    /// <summary>Whether a verified chain (DER, leaf first, anchor last) has no certificate that is listed; one that cannot be read is not allowed where anything is revoked.</summary>
    public bool Allows(IReadOnlyList<ReadOnlyMemory<byte>> chain) => Lists.Count == 0 || (ChainLink.TryParse(chain, out ChainLink[]? links) && !Revokes(links));

    /// <summary>Whether any certificate of the chain (leaf first, anchor last) is listed by whoever issued it.</summary>
    internal bool Revokes(ChainLink[] chain)
    {
        for (int i = 0; i < chain.Length; i++)
        {
            ChainLink issuer = i + 1 < chain.Length ? chain[i + 1] : chain[i];
            if (_byIssuer.TryGetValue(Key(chain[i].Issuer), out List<RevocationList>? lists) && IsListed(lists, chain[i], issuer))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsListed(List<RevocationList> lists, ChainLink certificate, ChainLink issuer)
    {
        foreach (RevocationList list in lists)
        {
            if (list.Lists(certificate.Serial) && list.IsSignedBy(issuer.PublicKey))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryParsePem(ReadOnlySpan<char> pem, List<RevocationList> lists, [NotNullWhen(false)] out string? error)
    {
        bool sawBlock = false;
        while (PemEncoding.TryFind(pem, out PemFields fields))
        {
            sawBlock = true;
            if (pem[fields.Label] is "X509 CRL")
            {
                byte[] der = new byte[fields.DecodedDataLength];
                if (!Convert.TryFromBase64Chars(pem[fields.Base64Data], der, out _))
                {
                    error = "a PEM block is not valid base64";
                    return false;
                }

                if (!RevocationList.TryParse(der, out RevocationList? list, out error))
                {
                    return false;
                }

                lists.Add(list);
            }

            pem = pem[fields.Location.End..];
        }

        error = sawBlock ? null : "neither a PEM block nor a DER certificate revocation list";
        return error is null;
    }

    private static string Key(ReadOnlyMemory<byte> name) => Convert.ToHexString(name.Span);
}
