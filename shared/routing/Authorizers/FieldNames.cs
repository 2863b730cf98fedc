using Ambient.Protocol.L7;
using Ambient.Routing.Matching;

namespace Ambient.Routing.Authorizers;

/// <summary>A choice of header fields by exact name, prefix or suffix; case does not matter. Immutable.</summary>
internal sealed class FieldNames
{
    private readonly TextMatcher[] _names;

    public FieldNames(IEnumerable<TextMatch> names)
    {
        List<TextMatcher> compiled = [];
        foreach (TextMatch name in names)
        {
            // A name that cannot be understood chooses nothing.
            if (TextMatcher.TryCompile(Lower(name), out TextMatcher? matcher, out _))
            {
                compiled.Add(matcher);
            }
        }

        _names = [.. compiled];
    }

    public bool IsEmpty => _names.Length == 0;

    /// <summary>Whether a name, in lower case, is chosen.</summary>
    public bool Contains(ReadOnlySpan<char> name)
    {
        foreach (TextMatcher matcher in _names)
        {
            if (matcher.IsMatch(name))
            {
                return true;
            }
        }

        return false;
    }

    private static TextMatch Lower(TextMatch match)
    {
        TextMatch lower = match.Clone();
        lower.IgnoreCase = true;
        return lower;
    }
}
