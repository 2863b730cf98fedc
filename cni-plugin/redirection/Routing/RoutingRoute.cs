using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Ambient.Cni.Redirection.Routing;

/// <summary>A route of ours: everything that asks this table is local. Immutable.</summary>
/// <param name="Table">The table.</param>
/// <param name="Source">The source of connections that do not bind one; null leaves the choice to the kernel.</param>
internal sealed record RoutingRoute(int Table, IPAddress? Source = null)
{
    /// <summary>The words behind <c>ip route replace</c>; <c>del</c> takes them as well.</summary>
    public string[] Words(string family)
    {
        string[] words = ["local", family == "-4" ? "0.0.0.0/0" : "::/0", "dev", "lo", "table", Table.ToString(CultureInfo.InvariantCulture)];
        return Source is null ? words : [.. words, "src", Source.ToString()];
    }

    /// <summary>Whether an entry of <c>ip -N -j route show</c> is this route.</summary>
    public bool Is(JsonElement entry) => IsInItsPlace(entry) && (Source is null || (Text(entry, "prefsrc") is string source && IPAddress.TryParse(source, out IPAddress? found) && found.Equals(Source)));

    /// <summary>The same, whatever its source.</summary>
    public bool IsInItsPlace(JsonElement entry) =>
        Text(entry, "table") == Table.ToString(CultureInfo.InvariantCulture)
        && Text(entry, "dst") is "default"
        && Text(entry, "dev") == "lo"
        && Text(entry, "type") is "local" or "2";

    private static string? Text(JsonElement entry, string name) => entry.TryGetProperty(name, out JsonElement value)
        ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText()
        : null;
}
