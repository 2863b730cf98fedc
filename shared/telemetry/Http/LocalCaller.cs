namespace Ambient.Telemetry.Http;

/// <summary>
/// Who may use a port that only loopback reaches: not the web pages that a browser on the same machine (or on the near end of a port-forward) shows. A page whose
/// name was made to mean 127.0.0.1 is known by its Host, one that sends a request elsewhere by its Origin. Thread-safe.
/// </summary>
public static class LocalCaller
{
    /// <summary>The answer to a request that is none of these; null for one that may go on.</summary>
    public static HttpAnswer? Refusal(HttpRequest request) =>
        IsGood(request) ? null : HttpAnswer.Text(403, "Host must be localhost, 127.0.0.1 or [::1], and Origin, if any, the same\n");

    /// <summary>Whether a request names this machine and comes from no page of somebody else.</summary>
    private static bool IsGood(HttpRequest request)
    {
        string host = request.Header("Host");
        if (!IsLocal(host))
        {
            return false;
        }

        // Browsers say with everything but plain reading where a page came from; other programs do not.
        string origin = request.Header("Origin");
        return request.Method is "GET" or "HEAD" || origin.Length == 0 || string.Equals(origin, "http://" + host, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsLocal(ReadOnlySpan<char> host)
    {
        int colon = host.LastIndexOf(':');
        if (colon > 0 && host[^1] != ']')
        {
            if (!ushort.TryParse(host[(colon + 1)..], System.Globalization.NumberStyles.None, null, out _))
            {
                return false;
            }

            host = host[..colon];
        }

        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host is "127.0.0.1" or "[::1]";
    }
}
