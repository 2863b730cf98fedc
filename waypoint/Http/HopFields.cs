using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http;

/// <summary>Fields that are for one connection only (RFC 9110 section 7.6.1).</summary>
internal static class HopFields
{
    private static readonly string[] Always = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings"];

    /// <summary>Takes them away; <paramref name="closes"/> is whether Connection says close, <paramref name="upgrade"/> what the other side wants to speak instead.</summary>
    public static void Remove(FieldList fields, out bool closes, out bool keepsAlive, out string upgrade)
    {
        closes = keepsAlive = false;
        upgrade = "";
        if (fields.TryGet("connection", out ReadOnlySpan<char> connection))
        {
            string options = connection.ToString();
            foreach (string option in options.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                closes |= option.Equals("close", StringComparison.OrdinalIgnoreCase);
                keepsAlive |= option.Equals("keep-alive", StringComparison.OrdinalIgnoreCase);
                if (option.Equals("upgrade", StringComparison.OrdinalIgnoreCase))
                {
                    // HTTP/2 by upgrade is gone (RFC 9113 section 3.1): who offers it is served in HTTP/1.1 (waypoint reference 1.3).
                    upgrade = fields.Text("upgrade") is { } offered && !offered.Equals("h2c", StringComparison.OrdinalIgnoreCase) ? offered : "";
                }
                else if (!IsEndToEnd(option))
                {
                    fields.Remove(option);
                }
            }
        }

        foreach (string name in Always)
        {
            fields.Remove(name);
        }

        // What is left of TE is trailers, which gRPC asks for.
        if (fields.TryGet("te", out ReadOnlySpan<char> te))
        {
            bool wantsTrailers = te.Contains("trailers", StringComparison.OrdinalIgnoreCase);
            fields.Remove("te");
            if (wantsTrailers)
            {
                fields.Add("te", "trailers");
            }
        }
    }

    // A client must not be able to have these removed by naming them (RFC 9110 section 7.6.1 allows it; policies may rely on them).
    private static bool IsEndToEnd(string option) => option.ToLowerInvariant() is
        "authorization" or "cookie" or "host" or "content-length" or "content-type" or "te" or "forwarded" or "x-request-id" or "traceparent" or "tracestate"
        || option.StartsWith("x-forwarded-", StringComparison.OrdinalIgnoreCase);
}
