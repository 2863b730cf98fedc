using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;

namespace Ambient.Routing.Matching;

/// <summary>A condition on one text. Immutable.</summary>
public sealed class TextMatcher
{
    private readonly TextMatch.KindOneofCase _kind;
    private readonly string _text;
    private readonly LinearRegex? _regex;
    private readonly StringComparison _comparison;

    private TextMatcher(TextMatch.KindOneofCase kind, string text, LinearRegex? regex, bool ignoreCase)
    {
        _kind = kind;
        _text = text;
        _regex = regex;
        _comparison = ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
    }

    /// <summary>The text of an exact match that regards case; null for all others.</summary>
    public string? Exact => _kind == TextMatch.KindOneofCase.Exact && _comparison == StringComparison.Ordinal ? _text : null;

    /// <summary>Whether any value will do.</summary>
    public bool IsPresence => _kind is TextMatch.KindOneofCase.Present or TextMatch.KindOneofCase.None;

    /// <summary>Compiles a condition; false with what is wrong about it.</summary>
    public static bool TryCompile(TextMatch match, [NotNullWhen(true)] out TextMatcher? matcher, [NotNullWhen(false)] out string? error)
    {
        LinearRegex? regex = null;
        error = null;
        if (match.KindCase == TextMatch.KindOneofCase.Regex && !LinearRegex.TryCompile(match.Regex, whole: true, out regex, out error))
        {
            matcher = null;
            return false;
        }

        string text = match.KindCase switch
        {
            TextMatch.KindOneofCase.Exact => match.Exact,
            TextMatch.KindOneofCase.Prefix => match.Prefix,
            TextMatch.KindOneofCase.Suffix => match.Suffix,
            _ => "",
        };
        matcher = new TextMatcher(match.KindCase, text, regex, match.IgnoreCase);
        return true;
    }

    /// <summary>Whether a present text matches.</summary>
    public bool IsMatch(ReadOnlySpan<char> text) => _kind switch
    {
        TextMatch.KindOneofCase.Exact => text.Equals(_text, _comparison),
        TextMatch.KindOneofCase.Prefix => text.StartsWith(_text, _comparison),
        TextMatch.KindOneofCase.Suffix => text.EndsWith(_text, _comparison),
        TextMatch.KindOneofCase.Regex => _regex!.IsMatch(text),
        _ => true,
    };
}
