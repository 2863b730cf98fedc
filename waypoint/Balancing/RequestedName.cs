using System.Diagnostics.CodeAnalysis;

namespace Ambient.Waypoint.Balancing;

/// <summary>Host names that clients ask for: nothing that is no name of DNS gets to a nameserver. Pure.</summary>
internal static class RequestedName
{
    private const int MaxName = 253;
    private const int MaxLabel = 63;

    /// <summary>Reads a Host, with or without a port, or a server name; false when it is no name, or not one that the pattern covers.</summary>
    /// <param name="host">As the client wrote it.</param>
    /// <param name="pattern"><c>*.suffix</c>.</param>
    /// <param name="full">In lower case, with a final dot: it is not looked for in search lists.</param>
    public static bool TryRead(string host, string pattern, [NotNullWhen(true)] out string? full)
    {
        full = null;
        int colon = host.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0 && (colon + 1 == host.Length || host.AsSpan(colon + 1).ContainsAnyExceptInRange('0', '9')))
        {
            return false;
        }

        ReadOnlySpan<char> name = (colon < 0 ? host : host[..colon]).AsSpan();
        if (!Covers(pattern, name) || !IsName(name))
        {
            return false;
        }

        full = string.Concat(name, ".").ToLowerInvariant();
        return true;
    }

    private static bool Covers(string pattern, ReadOnlySpan<char> name) =>
        pattern.StartsWith("*.", StringComparison.Ordinal) && name.Length >= pattern.Length && name.EndsWith(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase);

    private static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length > MaxName)
        {
            return false;
        }

        foreach (Range range in name.Split('.'))
        {
            ReadOnlySpan<char> label = name[range];
            if (label.Length is 0 or > MaxLabel || label[0] == '-' || label[^1] == '-' || label.ContainsAnyExcept(Allowed))
            {
                return false;
            }
        }

        return true;
    }

    private static readonly System.Buffers.SearchValues<char> Allowed = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
}
