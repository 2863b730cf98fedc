namespace Ambient.Telemetry.Http;

/// <summary>One request to an operators' port. Immutable.</summary>
public sealed class HttpRequest
{
    private readonly IReadOnlyList<KeyValuePair<string, string>> _headers;

    internal HttpRequest(string method, string target, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        Method = method;
        int question = target.IndexOf('?', StringComparison.Ordinal);
        Path = question < 0 ? target : target[..question];
        Query = question < 0 ? string.Empty : target[(question + 1)..];
        _headers = headers;
    }

    /// <summary>Method as sent, such as <c>GET</c>.</summary>
    public string Method { get; }

    /// <summary>Path without query, not decoded.</summary>
    public string Path { get; }

    /// <summary>Query without the question mark, not decoded.</summary>
    public string Query { get; }

    /// <summary>All values of a header, joined by commas; empty when it is absent.</summary>
    public string Header(string name)
        => string.Join(",", _headers.Where(h => string.Equals(h.Key, name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value));

    /// <summary>The decoded value of a query parameter (the last one of that name), or null.</summary>
    public string? Parameter(string name)
    {
        string? found = null;
        foreach (string pair in Query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (Decode(equals < 0 ? pair : pair[..equals]) == name)
            {
                found = equals < 0 ? string.Empty : Decode(pair[(equals + 1)..]);
            }
        }

        return found;
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
