using System.Buffers;
using System.Text;
using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http;

/// <summary>The head of an HTTP/1.1 request (RFC 9112 section 3). Pure.</summary>
internal static class RequestParser
{
    /// <summary>The longest head, bytes.</summary>
    public const int MaxHead = 60 * 1024;

    private static readonly SearchValues<char> HostCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:[]%");

    /// <summary>Reads a head; what follows it begins at <paramref name="consumed"/>.</summary>
    public static ParseStatus Read(ReadOnlySpan<byte> bytes, RequestHead head, out int consumed, out BodyFraming framing, out bool isHttp11, out HttpError error)
    {
        head.Clear();
        consumed = 0;
        framing = BodyFraming.None;
        isHttp11 = true;
        error = default;
        int at = 0;

        // An empty line before the request is left over from a client's last body.
        if (bytes.StartsWith("\r\n"u8))
        {
            at = 2;
        }

        if (!FieldParser.TryLine(bytes, ref at, out ReadOnlySpan<byte> line, out bool isBad))
        {
            return Undecided(bytes, isBad, ref error);
        }

        int method = line.IndexOf((byte)' ');
        int target = line.LastIndexOf((byte)' ');
        ReadOnlySpan<byte> version = line[(target + 1)..];
        if (method <= 0 || target <= method + 1 || !FieldParser.IsToken(line[..method]) || line[(method + 1)..target].ContainsAnyExceptInRange((byte)0x21, (byte)0x7e)
            || !(version.SequenceEqual("HTTP/1.1"u8) || version.SequenceEqual("HTTP/1.0"u8)))
        {
            error = HttpError.Malformed("request line");
            return ParseStatus.Bad;
        }

        isHttp11 = version[^1] == '1';
        head.Method = Method(line[..method]);
        string text = Encoding.ASCII.GetString(line[(method + 1)..target]);
        ParseStatus fields = FieldParser.Read(bytes, ref at, head.Fields, out error);
        if (fields != ParseStatus.Complete)
        {
            return fields == ParseStatus.Bad ? fields : Undecided(bytes, isBad: false, ref error);
        }

        if (at > MaxHead)
        {
            return Undecided(bytes, isBad: false, ref error);
        }

        if (!TryHost(head, text, isHttp11, out error) || !FieldParser.TryFraming(head.Fields, isHttp11, out framing, out error))
        {
            return ParseStatus.Bad;
        }

        consumed = at;
        return ParseStatus.Complete;
    }

    private static ParseStatus Undecided(ReadOnlySpan<byte> bytes, bool isBad, ref HttpError error)
    {
        if (isBad)
        {
            error = HttpError.Malformed("line end");
            return ParseStatus.Bad;
        }

        if (bytes.Length > MaxHead)
        {
            error = new HttpError(431, "http1.headers_too_large");
            return ParseStatus.Bad;
        }

        return ParseStatus.Incomplete;
    }

    // One Host, of which nothing is believed but its letters; an absolute target names it itself (RFC 9112 section 3.2.2).
    private static bool TryHost(RequestHead head, string target, bool isHttp11, out HttpError error)
    {
        error = default;
        int host = head.Fields.Find("host");
        if (host < 0 ? isHttp11 : head.Fields.Find("host", host + 1) >= 0)
        {
            error = host < 0 ? new HttpError(400, "missing_host_header") : HttpError.Malformed("host");
            return false;
        }

        string authority = host < 0 ? "" : head.Fields.Value(host).ToString();
        head.Fields.Remove("host");
        if (target[0] != '/')
        {
            bool isWhole = head.Method == "OPTIONS" && target == "*";
            if (!isWhole && !TryAbsolute(target, out authority, out target))
            {
                error = HttpError.Malformed("target");
                return false;
            }

            target = isWhole ? "/*" : target;
        }

        if (authority.Length == 0 || authority.AsSpan().ContainsAnyExcept(HostCharacters))
        {
            error = authority.Length == 0 && isHttp11 ? new HttpError(400, "missing_host_header") : HttpError.Malformed("host");
            return authority.Length == 0 && !isHttp11;
        }

        head.Authority = authority;
        head.SetTarget(target);
        return true;
    }

    private static bool TryAbsolute(string target, out string authority, out string path)
    {
        authority = path = "";
        int start = target.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? 7 : target.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? 8 : 0;
        if (start == 0)
        {
            return false;
        }

        int end = target.AsSpan(start).IndexOfAny('/', '?');
        authority = end < 0 ? target[start..] : target.Substring(start, end);
        path = end < 0 ? "/" : target[(start + end)..];
        path = path[0] == '?' ? "/" + path : path;
        return true;
    }

    /// <summary>Whether a text is host and port, by its characters.</summary>
    public static bool IsAuthority(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExcept(HostCharacters);

    /// <summary>A method as a string, which the usual ones share.</summary>
    public static string Method(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("GET"u8) ? "GET"
        : method.SequenceEqual("POST"u8) ? "POST"
        : method.SequenceEqual("PUT"u8) ? "PUT"
        : method.SequenceEqual("HEAD"u8) ? "HEAD"
        : Encoding.ASCII.GetString(method);
}
