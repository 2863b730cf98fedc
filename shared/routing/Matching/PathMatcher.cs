using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;

namespace Ambient.Routing.Matching;

/// <summary>A condition on a path (waypoint reference 2.1.1, 2.4.1). Immutable.</summary>
public sealed class PathMatcher
{
    private readonly LinearRegex? _regex;
    private readonly StringComparison _comparison;

    private PathMatcher(PathMatch.KindOneofCase kind, string text, LinearRegex? regex, bool ignoreCase)
    {
        Kind = kind;
        Text = text;
        _regex = regex;
        IgnoresCase = ignoreCase;
        _comparison = ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
    }

    /// <summary>Any path.</summary>
    public static PathMatcher Any { get; } = new(PathMatch.KindOneofCase.Prefix, "/", null, ignoreCase: false);

    /// <summary>How it compares.</summary>
    public PathMatch.KindOneofCase Kind { get; }

    /// <summary>The exact path or the prefix, segments without a slash at the end; empty for expressions.</summary>
    public string Text { get; }

    /// <summary>Whether case counts for nothing.</summary>
    public bool IgnoresCase { get; }

    /// <summary>What each matching path begins with, case regarded; empty for nothing known.</summary>
    public string KnownPrefix => IgnoresCase ? "" : _regex?.LiteralPrefix() ?? Text;

    /// <summary>Compiles a condition; null matches any path. False with what is wrong about it.</summary>
    public static bool TryCompile(PathMatch? match, [NotNullWhen(true)] out PathMatcher? matcher, [NotNullWhen(false)] out string? error)
    {
        error = null;
        LinearRegex? regex = null;
        if (match is null || match.KindCase == PathMatch.KindOneofCase.None)
        {
            matcher = Any;
            return true;
        }

        if (match.KindCase == PathMatch.KindOneofCase.Regex && !LinearRegex.TryCompile(match.Regex, whole: true, out regex, out error))
        {
            matcher = null;
            return false;
        }

        string text = match.KindCase switch
        {
            PathMatch.KindOneofCase.Exact => match.Exact,
            PathMatch.KindOneofCase.Prefix => match.Prefix,
            PathMatch.KindOneofCase.SegmentPrefix => match.SegmentPrefix.TrimEnd('/'),
            _ => "",
        };
        matcher = new PathMatcher(match.KindCase, text, regex, match.IgnoreCase && regex is null);
        return true;
    }

    /// <summary>Whether a path matches.</summary>
    public bool IsMatch(ReadOnlySpan<char> path) => Kind switch
    {
        PathMatch.KindOneofCase.Exact => path.Equals(Text, _comparison),
        PathMatch.KindOneofCase.Prefix => path.StartsWith(Text, _comparison),
        PathMatch.KindOneofCase.SegmentPrefix => path.StartsWith(Text, _comparison) && (path.Length == Text.Length || path[Text.Length] == '/'),
        _ => _regex!.IsMatch(path),
    };
}
