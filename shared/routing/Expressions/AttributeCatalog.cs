using System.Collections.Frozen;

namespace Ambient.Routing.Expressions;

/// <summary>The attributes that expressions may name (waypoint reference 2.8.1), as Envoy calls them. Immutable.</summary>
public static class AttributeCatalog
{
    private static readonly FrozenSet<string> Peers = new[] { "name", "workload", "namespace", "cluster", "service", "revision", "app", "version", "type", "principal" }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Maps = new[] { "request.headers", "response.headers", "response.trailers" }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Values = new[]
    {
        "request.path", "request.url_path", "request.query", "request.host", "request.scheme", "request.method", "request.referer", "request.useragent", "request.id", "request.protocol",
        "request.duration", "request.size", "request.total_size",
        "response.code", "response.code_details", "response.flags", "response.grpc_status", "response.size", "response.total_size", "response.backend_latency",
        "source.address", "source.port", "destination.address", "destination.port",
        "connection.mtls", "connection.requested_server_name", "connection.tls_version", "connection.uri_san_peer_certificate", "connection.uri_san_local_certificate", "connection.termination_details",
        "upstream.address", "upstream.port", "upstream.transport_failure_reason",
        "xds.cluster_name", "xds.route_name",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>
    /// Reads a chain of names. False when it is no attribute. A chain that ends with a map (such as <c>request.headers</c>) has no key yet; a chain that goes one
    /// further has.
    /// </summary>
    internal static bool TryResolve(ReadOnlySpan<string> chain, out string attribute, out string? key, out bool isMap)
    {
        (attribute, key, isMap) = ("", null, false);
        int skipped = chain.Length > 0 && chain[0] == "filter_state" ? 1 : 0;
        if (chain.Length == skipped + 2 && chain[skipped] is "upstream_peer" or "downstream_peer" && Peers.Contains(chain[skipped + 1]))
        {
            attribute = $"{chain[skipped]}.{chain[skipped + 1]}";
            return true;
        }

        if (skipped > 0 || chain.Length is < 2 or > 3)
        {
            return false;
        }

        attribute = $"{chain[0]}.{chain[1]}";
        if (chain.Length == 2 && Values.Contains(attribute))
        {
            return true;
        }

        isMap = Maps.Contains(attribute);
        key = isMap && chain.Length == 3 ? chain[2].ToLowerInvariant() : null;
        return isMap;
    }
}
