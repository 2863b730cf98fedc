using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;
using Ambient.Routing.Matching;
using Ambient.Routing.Tokens;

namespace Ambient.Routing.Routes;

/// <summary>A condition on a claim of the verified token: a text or a list of texts (waypoint reference 2.1.1). Immutable.</summary>
internal sealed class ClaimCondition
{
    private readonly string[] _path;
    private readonly TextMatcher _value;
    private readonly bool _invert;

    private ClaimCondition(string[] path, TextMatcher value, bool invert)
    {
        _path = path;
        _value = value;
        _invert = invert;
    }

    public static bool TryCompile(ClaimMatch match, [NotNullWhen(true)] out ClaimCondition? condition, [NotNullWhen(false)] out string? error)
    {
        condition = null;
        if (!TextMatcher.TryCompile(match.Value ?? new TextMatch { Present = true }, out TextMatcher? value, out error))
        {
            return false;
        }

        condition = new ClaimCondition([.. match.Path], value, match.Invert);
        return true;
    }

    /// <summary>Without a verified token there is no claim, so nothing matches but what is inverted.</summary>
    public bool Matches(TokenClaims? claims)
    {
        if (claims is not null)
        {
            foreach (string value in claims.Values(_path))
            {
                if (_value.IsMatch(value))
                {
                    return !_invert;
                }
            }
        }

        return _invert;
    }
}
