namespace Ambient.Routing.Access;

/// <summary>A value of a policy: exact, <c>prefix*</c>, <c>*suffix</c>, or <c>*</c> for anything that is not empty. Other stars are literal. Immutable.</summary>
internal readonly struct ValueMatch
{
    private readonly string _text;
    private readonly byte _kind;
    private readonly StringComparison _comparison;

    public ValueMatch(string value, bool ignoreCase = false)
    {
        _comparison = ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        (_kind, _text) = value switch
        {
            "*" => ((byte)3, ""),
            [.., '*'] => ((byte)1, value[..^1]),
            ['*', ..] => ((byte)2, value[1..]),
            _ => ((byte)0, value),
        };
    }

    public bool Matches(ReadOnlySpan<char> text) => _kind switch
    {
        0 => text.Equals(_text, _comparison),
        1 => text.StartsWith(_text, _comparison),
        2 => text.EndsWith(_text, _comparison),
        _ => text.Length > 0,
    };

    public static bool Any(ValueMatch[] values, ReadOnlySpan<char> text)
    {
        foreach (ValueMatch value in values)
        {
            if (value.Matches(text))
            {
                return true;
            }
        }

        return false;
    }
}
