namespace Ambient.Mesh.Policies;

/// <summary>A comparison of text, byte by byte and case-sensitive. Immutable.</summary>
/// <param name="Kind">How.</param>
/// <param name="Value">With what; unused for presence.</param>
public readonly record struct StringMatch(StringMatchKind Kind, string Value)
{
    /// <summary>Equal to the value.</summary>
    public static StringMatch Exact(string value) => new(StringMatchKind.Exact, value);

    /// <summary>Begins with the value.</summary>
    public static StringMatch Prefix(string value) => new(StringMatchKind.Prefix, value);

    /// <summary>Ends with the value.</summary>
    public static StringMatch Suffix(string value) => new(StringMatchKind.Suffix, value);

    /// <summary>Isn't empty.</summary>
    public static StringMatch Presence() => new(StringMatchKind.Presence, "");

    /// <summary>Whether the text fits.</summary>
    public bool Matches(ReadOnlySpan<char> text) => Kind switch
    {
        StringMatchKind.Exact => text.SequenceEqual(Value),
        StringMatchKind.Prefix => text.StartsWith(Value, StringComparison.Ordinal),
        StringMatchKind.Suffix => text.EndsWith(Value, StringComparison.Ordinal),
        _ => text.Length > 0,
    };
}
