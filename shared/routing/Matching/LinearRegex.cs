using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;

namespace Ambient.Routing.Matching;

/// <summary>
/// Regular expressions in RE2's syntax, matched in time linear to the text (waypoint reference section 2, "regular expressions").
/// Immutable.
/// </summary>
/// <remarks>
/// .NET's non-backtracking engine knows neither look-around nor back-references, as RE2. What differs in syntax is translated: <c>(?P&lt;n&gt;</c>,
/// ASCII-only classes <c>\d \w \s \b</c>, <c>\z</c> and <c>\A</c>, <c>\Q…\E</c>, <c>\x{…}</c>, POSIX classes, <c>(?U)</c> is refused.
/// </remarks>
public sealed class LinearRegex
{
    /// <summary>The longest pattern, characters.</summary>
    public const int MaxLength = 1024;

    // Counted repetitions are unrolled into states, so they are what could make a small pattern large.
    private const long MaxRepetitions = 1000;

    private readonly Regex _regex;

    private LinearRegex(Regex regex, string pattern)
    {
        _regex = regex;
        Pattern = pattern;
    }

    /// <summary>The pattern as written.</summary>
    public string Pattern { get; }

    /// <summary>Compiles a pattern; false with what is wrong about it.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="whole">Whether it must match the whole text.</param>
    /// <param name="regex">The expression.</param>
    /// <param name="error">Why not.</param>
    public static bool TryCompile(string pattern, bool whole, [NotNullWhen(true)] out LinearRegex? regex, [NotNullWhen(false)] out string? error)
    {
        regex = null;
        if (pattern.Length is 0 or > MaxLength)
        {
            error = pattern.Length == 0 ? "a regular expression must not be empty" : $"a regular expression has at most {MaxLength} characters";
            return false;
        }

        if (Repetitions(pattern) > MaxRepetitions)
        {
            error = $"a regular expression repeats at most {MaxRepetitions} times, counted repetitions inside each other multiplied";
            return false;
        }

        if (!Re2Translation.TryTranslate(pattern, out string? translated, out error))
        {
            return false;
        }

        try
        {
            const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
            regex = new LinearRegex(new Regex(whole ? $@"\A(?:{translated})\z" : translated, Options), pattern);
            return true;
        }
        catch (Exception bad) when (bad is ArgumentException or NotSupportedException)
        {
            error = $"not a regular expression: {bad.Message}";
            return false;
        }
    }

    /// <summary>Whether it matches.</summary>
    public bool IsMatch(ReadOnlySpan<char> text) => _regex.IsMatch(text);

    /// <summary>Replaces all matches; <c>\1</c> to <c>\9</c> in the substitution are groups, <c>\0</c> the match, <c>\\</c> a backslash.</summary>
    public string ReplaceAll(string text, string substitution) => _regex.Replace(text, match =>
    {
        StringBuilder result = new();
        for (int i = 0; i < substitution.Length; i++)
        {
            char c = substitution[i];
            if (c != '\\' || i + 1 == substitution.Length)
            {
                result.Append(c);
                continue;
            }

            char next = substitution[++i];
            result.Append(char.IsAsciiDigit(next) ? match.Groups[next - '0'].ValueSpan : next.ToString());
        }

        return result.ToString();
    });

    /// <summary>The literal text that every match of a whole expression begins with; empty when there is none.</summary>
    public string LiteralPrefix()
    {
        int begin = Pattern.StartsWith('^') ? 1 : 0;
        int end = begin;
        while (end < Pattern.Length && (char.IsAsciiLetterOrDigit(Pattern[end]) || Pattern[end] is '/' or '-' or '_' or '~' or '%' or '=' or ',' or ':' or '@' or '&' or ';' or '!'))
        {
            end++;
        }

        if (Pattern.Contains('|', StringComparison.Ordinal))
        {
            return "";
        }

        // What follows may make the last character optional.
        bool isQuantified = end < Pattern.Length && Pattern[end] is '?' or '*' or '{' or '+';
        return Pattern[begin..(isQuantified && end > begin ? end - 1 : end)];
    }

    /// <summary>The product of all counts in braces: an upper bound of how often anything is unrolled.</summary>
    private static long Repetitions(string pattern)
    {
        long product = 1;
        for (int open = pattern.IndexOf('{', StringComparison.Ordinal); open >= 0 && product <= MaxRepetitions; open = pattern.IndexOf('{', open + 1))
        {
            int close = pattern.IndexOf('}', open);
            string[] counts = close < 0 ? [] : pattern[(open + 1)..close].Split(',');
            if (counts.Length is 1 or 2 && counts[^1].Length + counts[0].Length > 0 && counts.All(static count => count.Length == 0 || long.TryParse(count, out _)))
            {
                product *= Math.Max(1, counts.Max(static count => count.Length == 0 ? 0 : Math.Min(long.Parse(count, System.Globalization.CultureInfo.InvariantCulture), MaxRepetitions + 1)));
            }
        }

        return product;
    }
}
