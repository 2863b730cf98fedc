using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;
using Ambient.Routing.Matching;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Routes;

/// <summary>A condition on a header or a query parameter (waypoint reference 2.1.1). Immutable.</summary>
internal sealed class NamedCondition
{
    private readonly TextMatcher _value;
    private readonly bool _invert;

    private NamedCondition(string name, TextMatcher value, bool invert)
    {
        Name = name;
        _value = value;
        _invert = invert;
    }

    /// <summary>The header's name in lower case, or the parameter's as it is.</summary>
    public string Name { get; }

    /// <summary>The one value that can match; null when there are others.</summary>
    public string? Only => _invert ? null : _value.Exact;

    public static bool TryCompile(NamedMatch match, bool isHeader, [NotNullWhen(true)] out NamedCondition? condition, [NotNullWhen(false)] out string? error)
    {
        condition = null;
        if (match.Name.Length == 0)
        {
            error = "a name is missing";
            return false;
        }

        if (!TextMatcher.TryCompile(match.Value ?? new TextMatch { Present = true }, out TextMatcher? value, out error))
        {
            error = $"{match.Name}: {error}";
            return false;
        }

        condition = new NamedCondition(isHeader ? match.Name.ToLowerInvariant() : match.Name, value, match.Invert);
        return true;
    }

    public bool MatchesHeader(RequestHead head)
    {
        bool isThere = TryGetHeader(head, out ReadOnlySpan<char> value);
        return Matches(isThere, value);
    }

    public bool MatchesQuery(RequestHead head)
    {
        bool isThere = head.TryGetQuery(Name, out ReadOnlySpan<char> value);
        return Matches(isThere, value);
    }

    /// <summary>The text a header condition looks at; pseudo-headers are what the request line says.</summary>
    public bool TryGetHeader(RequestHead head, out ReadOnlySpan<char> value) => TryGetHeader(head, Name, out value);

    /// <summary>The text a header condition of that name looks at.</summary>
    public static bool TryGetHeader(RequestHead head, string name, out ReadOnlySpan<char> value)
    {
        switch (name)
        {
            case ":method":
                value = head.Method;
                return true;
            case ":scheme":
                value = head.Scheme;
                return true;
            case ":authority" or "host":
                value = head.Authority;
                return true;
            case ":path":
                value = head.Target;
                return true;
            default:
                return head.Fields.TryGet(name, out value);
        }
    }

    // An inverted condition sees a missing value as an empty one, unless it is presence itself that is asked.
    private bool Matches(bool isThere, ReadOnlySpan<char> value)
    {
        if (_value.IsPresence)
        {
            return isThere != _invert;
        }

        return _invert ? !_value.IsMatch(value) : isThere && _value.IsMatch(value);
    }
}
