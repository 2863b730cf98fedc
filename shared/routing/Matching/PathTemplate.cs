using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Ambient.Routing.Matching;

/// <summary>
/// A path with <c>{*}</c> for one segment that is not empty and, as the last operator, <c>{**}</c> for any characters (waypoint reference
/// 2.6.2). Immutable.
/// </summary>
public sealed class PathTemplate
{
    private static readonly SearchValues<char> Literals =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()+,;:@=");

    private readonly LinearRegex _regex;

    private PathTemplate(LinearRegex regex) => _regex = regex;

    /// <summary>Whether a value is meant as a template.</summary>
    public static bool IsTemplate(string value) => value.Contains("{*}", StringComparison.Ordinal) || value.Contains("{**}", StringComparison.Ordinal);

    /// <summary>Compiles a template; false with what is wrong about it.</summary>
    public static bool TryCompile(string template, [NotNullWhen(true)] out PathTemplate? compiled, [NotNullWhen(false)] out string? error)
    {
        compiled = null;
        StringBuilder pattern = new();
        bool isClosed = false;
        if (!template.StartsWith('/'))
        {
            error = $"the path template '{template}' must begin with a slash";
            return false;
        }

        foreach (string segment in template[1..].Split('/'))
        {
            pattern.Append('/');
            if (segment is "{*}" or "{**}")
            {
                if (isClosed)
                {
                    error = $"in the path template '{template}' {{**}} must be the last operator";
                    return false;
                }

                pattern.Append(segment == "{*}" ? "[^/]+" : ".*");
                isClosed = segment == "{**}";
            }
            else if (segment.AsSpan().ContainsAnyExcept(Literals))
            {
                error = $"in the path template '{template}' the segment '{segment}' is neither text nor an operator alone";
                return false;
            }
            else
            {
                pattern.Append(System.Text.RegularExpressions.Regex.Escape(segment));
            }
        }

        if (!LinearRegex.TryCompile(pattern.ToString(), whole: true, out LinearRegex? regex, out error))
        {
            return false;
        }

        compiled = new PathTemplate(regex);
        return true;
    }

    /// <summary>Whether a path matches.</summary>
    public bool IsMatch(ReadOnlySpan<char> path) => _regex.IsMatch(path);
}
