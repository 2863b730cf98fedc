using System.Globalization;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Balancing;

/// <summary>What consistent hashing goes by (waypoint reference 2.3.1).</summary>
internal static class RequestHash
{
    /// <summary>The hash of a request; null when no source has a value. A cookie that is to be made is added to the answer.</summary>
    public static ulong? Of(TrafficPolicy policy, RequestHead? head, RequestFacts facts, FieldList answer)
    {
        ulong? combined = null;
        foreach (HashSource source in policy.Hash)
        {
            if (Text(source, head, facts, answer) is { Length: > 0 } text)
            {
                combined = ((combined ?? 0) * 31) ^ StableHash.Of(text);
            }
        }

        return combined;
    }

    private static string? Text(HashSource source, RequestHead? head, RequestFacts facts, FieldList answer) => source.KindCase switch
    {
        HashSource.KindOneofCase.SourceAddress => source.SourceAddress ? facts.RemoteAddress.ToString() : null,
        HashSource.KindOneofCase.Header => head?.Fields.Text(source.Header.ToLowerInvariant()),
        HashSource.KindOneofCase.Query when head is not null && head.TryGetQuery(source.Query, out ReadOnlySpan<char> value) => value.ToString(),
        HashSource.KindOneofCase.Cookie when head is not null => Cookie(source, head) ?? NewCookie(source, answer),
        _ => null,
    };

    private static string? Cookie(HashSource source, RequestHead head) => (head.Fields.Text("cookie") ?? "").Split(';', StringSplitOptions.TrimEntries)
        .FirstOrDefault(pair => pair.StartsWith(source.Cookie + "=", StringComparison.Ordinal))?[(source.Cookie.Length + 1)..];

    private static string? NewCookie(HashSource source, FieldList answer)
    {
        if (!source.HasTtl)
        {
            return null;
        }

        string value = Guid.NewGuid().ToString("N");
        string age = source.CookieTtlSeconds > 0 ? "; Max-Age=" + source.CookieTtlSeconds.ToString(CultureInfo.InvariantCulture) : "";
        string path = source.CookiePath.Length > 0 ? "; Path=" + source.CookiePath : "";
        answer.Add("set-cookie", $"{source.Cookie}={value}{age}{path}{source.CookieAttributes}; HttpOnly");
        return value;
    }
}
