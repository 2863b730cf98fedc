using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Ambient.Tls.Origination;

/// <summary>DER blocks of PEM text (RFC 7468). Never throws for what is in it. Pure.</summary>
internal static class PemParts
{
    // A bundle of all public roots is 250 KB.
    private const int MaxText = 4 * 1024 * 1024;
    private const int MaxBlocks = 2048;

    /// <summary>The blocks whose label is accepted, in order; others are passed over.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> text, Func<string, bool> isWanted, out List<byte[]> blocks, [NotNullWhen(false)] out string? error)
    {
        blocks = [];
        error = null;
        if (text.Length > MaxText)
        {
            error = $"more than {MaxText} bytes of PEM";
            return false;
        }

        char[] characters = new char[text.Length];
        try
        {
            // Latin-1 takes any byte; what is no PEM is passed over like comments are.
            Encoding.Latin1.GetChars(text, characters);
            return TryRead(characters, isWanted, blocks, out error);
        }
        finally
        {
            // Perhaps it was a key.
            Array.Clear(characters);
        }
    }

    private static bool TryRead(ReadOnlySpan<char> rest, Func<string, bool> isWanted, List<byte[]> blocks, [NotNullWhen(false)] out string? error)
    {
        error = null;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            if (blocks.Count == MaxBlocks)
            {
                error = $"more than {MaxBlocks} PEM blocks";
                return false;
            }

            if (isWanted(rest[fields.Label].ToString()))
            {
                byte[] der = new byte[fields.DecodedDataLength];
                if (!Convert.TryFromBase64Chars(rest[fields.Base64Data], der, out int written) || written != der.Length)
                {
                    error = "a PEM block is not base64";
                    return false;
                }

                blocks.Add(der);
            }

            rest = rest[fields.Location.End..];
        }

        return true;
    }
}
