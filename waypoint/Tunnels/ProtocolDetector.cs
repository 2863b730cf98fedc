namespace Ambient.Waypoint.Tunnels;

/// <summary>Looks at the first bytes of a connection (waypoint reference 1.3). Pure.</summary>
internal static class ProtocolDetector
{
    private const int LongestMethod = 16;
    private const int LongestLine = 8 * 1024;

    public static DetectedProtocol Look(ReadOnlySpan<byte> bytes)
    {
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
}
