namespace Ambient.Waypoint.Tunnels;

/// <summary>Looks at the first bytes of a connection (waypoint reference 1.3). Pure.</summary>
internal static class ProtocolDetector
{
    private const int LongestMethod = 16;
    private const int LongestLine = 8 * 1024;

    // As much of the preface as nothing else begins with: there is no method of that name.
    private static ReadOnlySpan<byte> Http2 => "PRI * HTTP/2.0\r\n"u8;

    /// <summary>Looks where anything may come.</summary>
    public static DetectedProtocol Look(ReadOnlySpan<byte> bytes)
    {
        if (LookForHttp2(bytes) is var version && version != DetectedProtocol.Http1)
        {
            return version;
        }

        int space = bytes.IndexOf((byte)' ');
        ReadOnlySpan<byte> method = space < 0 ? bytes : bytes[..space];
        if (method.Length > LongestMethod || (space == 0) || method.ContainsAnyExceptInRange((byte)'A', (byte)'Z'))
        {
            return DetectedProtocol.Other;
        }

        int end = bytes.IndexOf((byte)'\n');
        if (end < 0)
        {
            return bytes.Length > LongestLine ? DetectedProtocol.Other : DetectedProtocol.Undecided;
        }

        return bytes[..end].TrimEnd((byte)'\r').EndsWith(" HTTP/1.1"u8) ? DetectedProtocol.Http1 : DetectedProtocol.Other;
    }

    /// <summary>Looks where it is HTTP in any case: which version.</summary>
    public static DetectedProtocol LookForHttp2(ReadOnlySpan<byte> bytes)
    {
        int length = Math.Min(bytes.Length, Http2.Length);
        return !bytes[..length].SequenceEqual(Http2[..length]) ? DetectedProtocol.Http1
            : length < Http2.Length ? DetectedProtocol.Undecided
            : DetectedProtocol.Http2;
    }
}
