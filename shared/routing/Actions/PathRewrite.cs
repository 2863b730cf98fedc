using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;
using Ambient.Routing.Matching;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Actions;

/// <summary>Another path, another Host, or both, for the backend. Immutable.</summary>
public sealed class PathRewrite
{
    private readonly Rewrite _source;
    private readonly LinearRegex? _regex;

    private PathRewrite(Rewrite source, LinearRegex? regex)
    {
        _source = source;
        _regex = regex;
    }

    /// <summary>The new Host; empty when it stays.</summary>
    public string Authority => _source.Authority;

    internal static bool TryCompile(Rewrite source, [NotNullWhen(true)] out PathRewrite? rewrite, [NotNullWhen(false)] out string? error)
    {
        LinearRegex? regex = null;
        error = null;
        if (source.PathCase == Rewrite.PathOneofCase.Regex && !LinearRegex.TryCompile(source.Regex.Pattern, whole: false, out regex, out error))
        {
            rewrite = null;
            return false;
        }

        rewrite = new PathRewrite(source, regex);
        return true;
    }

    /// <summary>Changes the path; the query stays. Whether it did.</summary>
    public bool Apply(RequestHead head, PathMatcher matched)
    {
        string path;
        switch (_source.PathCase)
        {
            case Rewrite.PathOneofCase.FullPath:
                path = _source.FullPath;
                break;
            case Rewrite.PathOneofCase.Prefix:
                path = ReplacePrefix(head.Path, matched, _source.Prefix, _source.BySegment);
                break;
            case Rewrite.PathOneofCase.Regex:
                path = _regex!.ReplaceAll(head.Path.ToString(), _source.Regex.Substitution);
                break;
            default:
                return false;
        }

        // A path that no request line can carry must not reach one.
        if (!path.StartsWith('/'))
        {
            path = "/" + path;
        }

        head.SetPath(path);
        return true;
    }

    internal static string ReplacePrefix(ReadOnlySpan<char> path, PathMatcher matched, string replacement, bool bySegment)
    {
        ReadOnlySpan<char> rest = path[Math.Min(path.Length, matched.Text.Length)..];
        if (!bySegment)
        {
            return string.Concat(replacement, rest);
        }

        // /a/b with /a replaced by / is /b, and /a alone is /.
        string joined = string.Concat(replacement.TrimEnd('/'), rest.Length > 0 && rest[0] != '/' ? "/" : "", rest);
        return joined.Length == 0 ? "/" : joined;
    }
}
