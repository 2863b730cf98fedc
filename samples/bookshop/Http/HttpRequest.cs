using System.Globalization;
using System.Net;

namespace Ambient.Bookshop.Http;

/// <summary>A request whose body was read. Immutable.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Target">Path and query as they came.</param>
/// <param name="Headers">Its fields in order; names in lower case.</param>
/// <param name="Body">Its body.</param>
/// <param name="Peer">Who is at the other end of the connection.</param>
internal sealed record HttpRequest(string Method, string Target, IReadOnlyList<(string Name, string Value)> Headers, ReadOnlyMemory<byte> Body, IPAddress Peer)
{
    /// <summary>The path.</summary>
    public string Path => Target.Split('?')[0];

    /// <summary>Whether the connection ends with the answer.</summary>
    public bool IsLast => Find("connection") is { } word && word.Contains("close", StringComparison.OrdinalIgnoreCase);

    /// <summary>The first field of a name.</summary>
    public string? Find(string name) => Headers.FirstOrDefault(h => h.Name == name).Value;

    /// <summary>A value of the query.</summary>
    public string? Query(string name) => Target.Split('?', 2).ElementAtOrDefault(1)?.Split('&')
        .Select(static pair => pair.Split('=', 2))
        .Where(pair => pair[0] == name)
        .Select(static pair => Uri.UnescapeDataString(pair.ElementAtOrDefault(1) ?? ""))
        .FirstOrDefault();

    /// <summary>A number of the query; 0 when it is none, never more than <paramref name="most"/>.</summary>
    public int Number(string name, int most) => int.TryParse(Query(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? Math.Min(number, most) : 0;
}
