using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Headers;

/// <summary>The <c>forwarded</c> header as the mesh uses it (ztunnel.md 2.6). Pure.</summary>
public static class Forwarded
{
    /// <summary>The value for an application's address and, if it is known, the Service's hostname.</summary>
    public static string Format(IpPort application, string? serviceHostname) =>
        string.IsNullOrEmpty(serviceHostname) || !HeaderText.IsVisible(serviceHostname)
            ? $"for=\"{application}\""
            : $"for=\"{application}\";host={serviceHostname}";

    /// <summary>The host that a line names; null for none, an empty one, or a line that isn't ASCII.</summary>
    public static string? ParseHost(ReadOnlySpan<char> line)
    {
        if (!HeaderText.IsVisible(line))
        {
            return null;
        }

        foreach (Range range in line.Split(';'))
        {
            ReadOnlySpan<char> part = line[range].Trim();
            if (!part.StartsWith("host=", StringComparison.Ordinal))
            {
                continue;
            }

            ReadOnlySpan<char> host = part["host=".Length..];
            if (host.Length >= 2 && host[0] == '"' && host[^1] == '"')
            {
                host = host[1..^1];
            }

            return host.IsEmpty ? null : host.ToString();
        }

        return null;
    }
}
