using System.Buffers;

namespace Ambient.Hbone.Headers;

/// <summary>What a field of HTTP/2 may look like (RFC 9113 section 8.2). Pure.</summary>
public static class FieldRules
{
    // Section 8.2.1: no controls, no space, no upper case, nothing beyond ASCII; a colon only in front.
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create([.. Enumerable.Range(0x21, 0x7f - 0x21).Where(c => c is not ':' and (< 'A' or > 'Z')).Select(c => (byte)c)]);
    private static readonly SearchValues<byte> ForbiddenInValues = SearchValues.Create("\0\r\n"u8);

    /// <summary>Whether name and value consist of what they may consist of.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> word = IsPseudo(name) ? name[1..] : name;
        return !word.IsEmpty && !word.ContainsAnyExcept(NameBytes) && !value.ContainsAny(ForbiddenInValues) && !IsPadded(value);
    }

    /// <summary>Whether the name is one of a pseudo-header field.</summary>
    public static bool IsPseudo(ReadOnlySpan<byte> name) => !name.IsEmpty && name[0] == (byte)':';

    /// <summary>Whether the field belongs to one connection of HTTP/1.1, which makes a message malformed (section 8.2.2).</summary>
    public static bool IsOfConnection(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => name.Length switch
    {
        2 => name.SequenceEqual("te"u8) && !value.SequenceEqual("trailers"u8),
        7 => name.SequenceEqual("upgrade"u8),
        10 => name.SequenceEqual("connection"u8) || name.SequenceEqual("keep-alive"u8),
        16 => name.SequenceEqual("proxy-connection"u8),
        17 => name.SequenceEqual("transfer-encoding"u8),
        _ => false,
    };

    private static bool IsPadded(ReadOnlySpan<byte> value) => value.Length > 0 && (value[0] is (byte)' ' or (byte)'\t' || value[^1] is (byte)' ' or (byte)'\t');
}
