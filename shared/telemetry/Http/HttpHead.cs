using System.Text;

namespace Ambient.Telemetry.Http;

/// <summary>Parses the head of an HTTP/1.1 request, strictly (RFC 9112). No I/O; never throws on any bytes.</summary>
public sealed class HttpHead
{
    private HttpHead(HttpRequest request, bool keepAlive, long bodyLength)
    {
        Request = request;
        IsKeepAlive = keepAlive;
        BodyLength = bodyLength;
    }

    /// <summary>The request.</summary>
    public HttpRequest Request { get; }

    /// <summary>Whether the connection stays open after the answer.</summary>
    public bool IsKeepAlive { get; }

    /// <summary>Bytes of body that follow; they are read and thrown away.</summary>
    public long BodyLength { get; }

    /// <summary>Parses a head, given up to and including its empty line. Null means 400.</summary>
    public static HttpHead? Parse(ReadOnlySpan<byte> head)
    {
        string text = Encoding.Latin1.GetString(head);
        string[] lines = text.Split("\r\n");
        string[] parts = lines[0].Split(' ');
        if (parts.Length != 3 || !IsToken(parts[0]) || !IsTarget(parts[1]) || parts[2] is not ("HTTP/1.1" or "HTTP/1.0"))
        {
            return null;
        }

        List<KeyValuePair<string, string>> headers = [];
        foreach (string line in lines.Skip(1))
        {
            if (line.Length == 0)
            {
                continue;
            }

            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !IsToken(line[..colon]) || line.AsSpan(colon + 1).ContainsAny('\r', '\n', '\0'))
            {
                return null;
            }

            headers.Add(new(line[..colon], line[(colon + 1)..].Trim(' ', '\t')));
        }

        return Frame(new HttpRequest(parts[0], parts[1], headers), parts[2] == "HTTP/1.1");
    }

    private static HttpHead? Frame(HttpRequest request, bool isCurrent)
    {
        // No handler wants a body, so only the simplest framing is understood.
        if (request.Header("transfer-encoding").Length > 0 || (isCurrent && request.Header("host").Length == 0))
        {
            return null;
        }

        string length = request.Header("content-length");
        long body = 0;
        if (length.Length > 0 && (length.Length > 9 || !length.All(char.IsAsciiDigit) || !long.TryParse(length, out body)))
        {
            return null;
        }

        string connection = request.Header("connection");
        bool keep = isCurrent
            ? !connection.Contains("close", StringComparison.OrdinalIgnoreCase)
            : connection.Contains("keep-alive", StringComparison.OrdinalIgnoreCase);
        return new HttpHead(request, keep, body);
    }

    private static bool IsTarget(string target) => target.Length > 0 && target[0] == '/' && target.All(c => c is > ' ' and < '\x7f');

    private static bool IsToken(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));
}
