namespace Ambient.Hbone.Headers;

/// <summary>The static table of HPACK (RFC 7541 appendix A). Immutable.</summary>
internal static class StaticTable
{
    /// <summary>Entries; indexes begin at 1.</summary>
    public const int Count = 61;

    private static readonly (byte[] Name, byte[] Value)[] Entries = Build(
        ":authority", "", ":method", "GET", ":method", "POST", ":path", "/", ":path", "/index.html", ":scheme", "http", ":scheme", "https",
        ":status", "200", ":status", "204", ":status", "206", ":status", "304", ":status", "400", ":status", "404", ":status", "500",
        "accept-charset", "", "accept-encoding", "gzip, deflate", "accept-language", "", "accept-ranges", "", "accept", "",
        "access-control-allow-origin", "", "age", "", "allow", "", "authorization", "", "cache-control", "", "content-disposition", "",
        "content-encoding", "", "content-language", "", "content-length", "", "content-location", "", "content-range", "", "content-type", "",
        "cookie", "", "date", "", "etag", "", "expect", "", "expires", "", "from", "", "host", "", "if-match", "", "if-modified-since", "",
        "if-none-match", "", "if-range", "", "if-unmodified-since", "", "last-modified", "", "link", "", "location", "", "max-forwards", "",
        "proxy-authenticate", "", "proxy-authorization", "", "range", "", "referer", "", "refresh", "", "retry-after", "", "server", "",
        "set-cookie", "", "strict-transport-security", "", "transfer-encoding", "", "user-agent", "", "vary", "", "via", "", "www-authenticate", "");

    /// <summary>The name of an entry, 1 to <see cref="Count"/>.</summary>
    public static ReadOnlySpan<byte> Name(int index) => Entries[index - 1].Name;

    /// <summary>The value of an entry, 1 to <see cref="Count"/>.</summary>
    public static ReadOnlySpan<byte> Value(int index) => Entries[index - 1].Value;

    private static (byte[] Name, byte[] Value)[] Build(params string[] pairs)
    {
        var entries = new (byte[] Name, byte[] Value)[pairs.Length / 2];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = (System.Text.Encoding.ASCII.GetBytes(pairs[2 * i]), System.Text.Encoding.ASCII.GetBytes(pairs[(2 * i) + 1]));
        }

        return entries;
    }
}
