using System.Buffers;
using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http;

/// <summary>
/// Field lines of HTTP/1.1 (RFC 9112 section 5), strictly: whatever another reader might read differently is refused. Pure.
/// </summary>
internal static class FieldParser
{
    /// <summary>Fields of one message.</summary>
    public const int MaxFields = 100;

    private static readonly SearchValues<byte> Token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);
    private static readonly SearchValues<byte> NotInValues = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127]);

    /// <summary>Whether bytes are a token.</summary>
    public static bool IsToken(ReadOnlySpan<byte> bytes) => bytes.Length > 0 && !bytes.ContainsAnyExcept(Token);

    /// <summary>Whether bytes may be a field's value.</summary>
    public static bool IsValue(ReadOnlySpan<byte> bytes) => !bytes.ContainsAny(NotInValues);

    /// <summary>The next line without its CRLF; false when there is no whole line yet. A line that ends otherwise is bad.</summary>
    public static bool TryLine(ReadOnlySpan<byte> bytes, ref int at, out ReadOnlySpan<byte> line, out bool isBad)
    {
        isBad = false;
        int end = bytes[at..].IndexOf((byte)'\n');
        if (end < 0)
        {
            line = default;

            // A lone CR is no line end, and nothing else in a line may be one.
            int cr = bytes[at..].IndexOf((byte)'\r');
            isBad = cr >= 0 && at + cr + 1 < bytes.Length;
            return false;
        }

        line = bytes.Slice(at, end);
        isBad = end == 0 || line[^1] != '\r' || line[..^1].Contains((byte)'\r');
        if (isBad)
        {
            return false;
        }

        line = line[..^1];
        at += end + 1;
        return true;
    }

    /// <summary>Reads field lines up to the empty one.</summary>
    public static ParseStatus Read(ReadOnlySpan<byte> bytes, ref int at, FieldList fields, out HttpError error)
    {
        error = default;
        while (true)
        {
            if (!TryLine(bytes, ref at, out ReadOnlySpan<byte> line, out bool isBad))
            {
                error = isBad ? HttpError.Malformed("line end") : default;
                return isBad ? ParseStatus.Bad : ParseStatus.Incomplete;
            }

            if (line.Length == 0)
            {
                return ParseStatus.Complete;
            }

            int colon = line.IndexOf((byte)':');
            if (colon <= 0 || !IsToken(line[..colon]))
            {
                // Also a continued line, and a blank before the colon.
                error = HttpError.Malformed("field name");
                return ParseStatus.Bad;
            }

            ReadOnlySpan<byte> value = line[(colon + 1)..].Trim(" \t"u8);
            if (value.ContainsAny(NotInValues))
            {
                error = HttpError.Malformed("field value");
                return ParseStatus.Bad;
            }

            if (fields.Count == MaxFields)
            {
                error = new HttpError(431, "http1.too_many_headers");
                return ParseStatus.Bad;
            }

            fields.Add(line[..colon], value);
        }
    }

    /// <summary>Content-Length and Transfer-Encoding of a message; false when they contradict each other or themselves.</summary>
    public static bool TryFraming(FieldList fields, bool isHttp11, out BodyFraming framing, out HttpError error)
    {
        framing = BodyFraming.None;
        error = default;
        int coding = fields.Find("transfer-encoding");
        int length = fields.Find("content-length");
        if (coding >= 0)
        {
            // Both together, or twice, is how requests are smuggled (RFC 9112 section 6.1).
            bool isChunked = fields.Value(coding).Equals("chunked", StringComparison.OrdinalIgnoreCase);
            if (length >= 0 || fields.Find("transfer-encoding", coding + 1) >= 0 || !isHttp11 || !isChunked)
            {
                error = HttpError.Malformed("transfer-encoding");
                return false;
            }

            framing = new BodyFraming(BodyKind.Chunked, -1);
            return true;
        }

        if (length < 0)
        {
            return true;
        }

        ReadOnlySpan<char> text = fields.Value(length);
        if (fields.Find("content-length", length + 1) >= 0 || text.Length is 0 or > 18 || text.ContainsAnyExceptInRange('0', '9'))
        {
            error = HttpError.Malformed("content-length");
            return false;
        }

        framing = new BodyFraming(BodyKind.Length, long.Parse(text, provider: null));
        return true;
    }
}
