namespace Ambient.Hbone.Headers;

/// <summary>
/// The static Huffman code of HPACK (RFC 7541 appendix B). It is canonical: code words follow from their lengths, so only the
/// lengths are kept. Immutable.
/// </summary>
internal static class HuffmanCode
{
    private const int EndOfString = 256;
    private const int MaxBits = 30;

    private static readonly byte[] Lengths =
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    // Symbols in the order of their code words; for each length its first code word and where its symbols begin.
    private static readonly ushort[] Symbols = new ushort[257];
    private static readonly uint[] First = new uint[MaxBits + 2];
    private static readonly int[] Start = new int[MaxBits + 2];
    private static readonly int[] Count = new int[MaxBits + 2];

    static HuffmanCode()
    {
        int next = 0;
        uint code = 0;
        for (int length = 1; length <= MaxBits; length++)
        {
            First[length] = code;
            Start[length] = next;
            for (int symbol = 0; symbol < Lengths.Length; symbol++)
            {
                if (Lengths[symbol] == length)
                {
                    Symbols[next++] = (ushort)symbol;
                    code++;
                }
            }

            Count[length] = next - Start[length];
            code <<= 1;
        }
    }

    /// <summary>
    /// Decodes a string. False for a code word of the end-of-string symbol, padding of more than seven bits or not of ones, and when the
    /// destination is too small.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> source, Span<byte> destination, out int written)
    {
        written = 0;
        uint code = 0;
        int bits = 0;
        foreach (byte octet in source)
        {
            for (int shift = 7; shift >= 0; shift--)
            {
                code = (code << 1) | (uint)((octet >> shift) & 1);
                bits++;
                if (bits > MaxBits)
                {
                    return false;
                }

                uint index = code - First[bits];
                if (code < First[bits] || index >= (uint)Count[bits])
                {
                    continue;
                }

                int symbol = Symbols[Start[bits] + (int)index];
                if (symbol == EndOfString || written == destination.Length)
                {
                    return false;
                }

                destination[written++] = (byte)symbol;
                code = 0;
                bits = 0;
            }
        }

        // What is left must be the beginning of the end-of-string word: ones only.
        return bits < 8 && code == (1u << bits) - 1;
    }
}
