using System.Diagnostics.CodeAnalysis;
using System.Text;
using Ambient.Protocol.L7;

namespace Ambient.Routing.Messages;

/// <summary>One path for policies, routes, logs and the backend (waypoint reference 1.7, 6.10). Pure.</summary>
public static class PathNormalizer
{
    /// <summary>Normalises path and query; false when there is no safe reading of it (a NUL, or no leading slash).</summary>
    public static bool TryNormalize(string target, PathNormalization mode, [NotNullWhen(true)] out string? normalized)
    {
        int fragment = target.IndexOf('#', StringComparison.Ordinal);
        ReadOnlySpan<char> whole = fragment < 0 ? target : target.AsSpan(0, fragment);
        int question = whole.IndexOf('?');
        ReadOnlySpan<char> path = question < 0 ? whole : whole[..question];
        normalized = null;
        if (path.Length == 0 || path[0] != '/' || path.Contains("%00", StringComparison.Ordinal))
        {
            return false;
        }

        if (mode == PathNormalization.None || !NeedsWork(path, mode))
        {
            normalized = fragment < 0 ? target : whole.ToString();
            return true;
        }

        StringBuilder text = Decode(path, mode == PathNormalization.DecodeAndMergeSlashes);
        string clean = RemoveDots(text.ToString());
        if (mode is PathNormalization.MergeSlashes or PathNormalization.DecodeAndMergeSlashes)
        {
            clean = MergeSlashes(clean);
        }

        normalized = question < 0 ? clean : string.Concat(clean, whole[question..]);
        return true;
    }

    // Most paths are what they should be; a look must be cheap.
    private static bool NeedsWork(ReadOnlySpan<char> path, PathNormalization mode) =>
        path.ContainsAny('%', '\\') || path.Contains("/.", StringComparison.Ordinal)
        || (mode != PathNormalization.Base && path.Contains("//", StringComparison.Ordinal));

    /// <summary>Backslashes become slashes, and what need not be escaped is not; nothing else is decoded.</summary>
    private static StringBuilder Decode(ReadOnlySpan<char> path, bool slashes)
    {
        StringBuilder text = new(path.Length);
        for (int i = 0; i < path.Length; i++)
        {
            char c = path[i] == '\\' ? '/' : path[i];
            if (c == '%' && i + 2 < path.Length && char.IsAsciiHexDigit(path[i + 1]) && char.IsAsciiHexDigit(path[i + 2]))
            {
                char decoded = (char)((Convert.FromHexString(path.Slice(i + 1, 2)))[0]);
                bool isSlash = decoded is '/' or '\\';
                if (char.IsAsciiLetterOrDigit(decoded) || decoded is '-' or '.' or '_' or '~' || (slashes && isSlash))
                {
                    text.Append(isSlash ? '/' : decoded);
                    i += 2;
                    continue;
                }
            }

            text.Append(c);
        }

        return text;
    }

    /// <summary>RFC 3986 section 5.2.4.</summary>
    private static string RemoveDots(string path)
    {
        List<string> kept = [];
        string[] segments = path[1..].Split('/');
        for (int i = 0; i < segments.Length; i++)
        {
            bool isLast = i == segments.Length - 1;
            if (segments[i] is "." or "..")
            {
                if (segments[i] == ".." && kept.Count > 0)
                {
                    kept.RemoveAt(kept.Count - 1);
                }

                if (isLast)
                {
                    kept.Add("");
                }
            }
            else
            {
                kept.Add(segments[i]);
            }
        }

        return "/" + string.Join('/', kept);
    }

    private static string MergeSlashes(string path)
    {
        StringBuilder text = new(path.Length);
        foreach (char c in path)
        {
            if (c != '/' || text.Length == 0 || text[^1] != '/')
            {
                text.Append(c);
            }
        }

        return text.ToString();
    }
}
