namespace Ambient.Waypoint.Http;

/// <summary>The head of an HTTP/1.1 response (RFC 9112 section 4). Pure.</summary>
internal static class ResponseParser
{
    /// <summary>Reads a head; what follows it begins at <paramref name="consumed"/>.</summary>
    /// <param name="bytes">What has arrived.</param>
    /// <param name="isHead">Whether the request was HEAD.</param>
    /// <param name="head">Takes status and fields.</param>
    /// <param name="consumed">The head's length.</param>
    /// <param name="framing">How the body ends.</param>
    /// <param name="isHttp11">Whether the connection may stay.</param>
    public static ParseStatus Read(ReadOnlySpan<byte> bytes, bool isHead, ResponseHead head, out int consumed, out BodyFraming framing, out bool isHttp11)
    {
        head.Clear();
        consumed = 0;
        framing = BodyFraming.None;
        isHttp11 = true;
        int at = 0;
        if (!FieldParser.TryLine(bytes, ref at, out ReadOnlySpan<byte> line, out bool isBad))
        {
            return isBad || bytes.Length > RequestParser.MaxHead ? ParseStatus.Bad : ParseStatus.Incomplete;
        }

        bool isVersion = line.StartsWith("HTTP/1.1 "u8) || line.StartsWith("HTTP/1.0 "u8);
        if (!isVersion || line.Length < 12 || line[9..12].ContainsAnyExceptInRange((byte)'0', (byte)'9') || (line.Length > 12 && line[12] != ' '))
        {
            return ParseStatus.Bad;
        }

        isHttp11 = line[7] == '1';
        head.Status = ((line[9] - '0') * 100) + ((line[10] - '0') * 10) + line[11] - '0';
        ParseStatus fields = FieldParser.Read(bytes, ref at, head.Fields, out _);
        if (fields != ParseStatus.Complete)
        {
            return fields == ParseStatus.Bad || bytes.Length > RequestParser.MaxHead ? ParseStatus.Bad : ParseStatus.Incomplete;
        }

        consumed = at;
        if (head.Status < 100)
        {
            return ParseStatus.Bad;
        }

        if (head.Status == 101)
        {
            framing = new BodyFraming(BodyKind.Upgraded, -1);
            return ParseStatus.Complete;
        }

        if (!FieldParser.TryFraming(head.Fields, isHttp11, out framing, out _))
        {
            return ParseStatus.Bad;
        }

        bool hasNoBody = isHead || head.Status is < 200 or 204 or 304;
        framing = hasNoBody ? BodyFraming.None : framing.Kind == BodyKind.None ? new BodyFraming(BodyKind.UntilClose, -1) : framing;
        return ParseStatus.Complete;
    }
}
