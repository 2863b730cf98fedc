using Ambient.Bookshop.Http;

namespace Ambient.Bookshop.Roles;

/// <summary>Fields that an application hands on with the calls that a request causes, so that traces hang together and routes by user hold. Stateless.</summary>
internal static class PassedFields
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "x-request-id", "traceparent", "tracestate", "baggage", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags",
        "end-user", "authorization", "user-agent",
    };

    /// <summary>Those of a request.</summary>
    public static IEnumerable<(string Name, string Value)> Of(HttpRequest request) => request.Headers.Where(static h => Names.Contains(h.Name));

    /// <summary>The caller's identity as the mesh says it; empty when it does not.</summary>
    public static string Identity(HttpRequest request) => request.Find("x-forwarded-client-cert")?.Split(';')
        .Where(static part => part.StartsWith("URI=", StringComparison.Ordinal))
        .Select(static part => part[4..])
        .FirstOrDefault() ?? "";
}
