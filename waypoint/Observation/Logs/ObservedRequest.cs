using Ambient.Mesh.Workloads;
using Ambient.Routing.Expressions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Observation.Logs;

/// <summary>A request or connection as logs, expressions and spans see it when it is over. One per tunnel, filled anew for each. Loop-affine.</summary>
internal sealed class ObservedRequest(InboundTunnel tunnel) : IAttributes
{
    private string? _source;

    /// <summary>Where it came in.</summary>
    public InboundTunnel Tunnel => tunnel;

    /// <summary>What it says about itself.</summary>
    public RequestRecord Record { get; private set; } = new();

    /// <summary>Milliseconds that it took.</summary>
    public long Duration { get; private set; }

    /// <summary>Who called.</summary>
    public Workload? Source { get; private set; }

    /// <summary>Whether it is HTTP.</summary>
    public bool IsHttp => Record.Method.Length > 0;

    /// <summary>The caller's address and port.</summary>
    public string SourceText => _source ??= tunnel.Source.ToString();

    /// <summary>Why the connection or request ended as it did, where that is no property of an HTTP answer.</summary>
    public string? TerminationDetails => !IsHttp && Record.Details != "via_upstream" ? Record.Details : null;

    /// <summary>Takes another.</summary>
    public ObservedRequest Fill(RequestRecord record, long duration, Workload? source)
    {
        (Record, Duration, Source) = (record, duration, source);
        return this;
    }

    /// <inheritdoc/>
    public ExpressionValue Get(string attribute, string key) => attribute.AsSpan(0, attribute.IndexOf('.', StringComparison.Ordinal)) switch
    {
        "request" => OfRequest(attribute, key),
        "response" => OfResponse(attribute, key),
        "downstream_peer" => OfPeer(attribute, Source),
        "upstream_peer" => OfPeer(attribute, Record.Endpoint),
        _ => OfConnection(attribute),
    };

    /// <summary>A field of the request, also one with a colon; null when there is none.</summary>
    public string? RequestField(string name) => name switch
    {
        ":method" => IsHttp ? Record.Method : null,
        ":path" => Record.Head is { } head && IsHttp ? head.Target : null,
        ":authority" => IsHttp ? Record.Head?.Authority ?? Record.Authority : null,
        ":scheme" => IsHttp ? Record.Head?.Scheme : null,
        _ => Record.Head?.Fields.Text(name),
    };

    private static ExpressionValue Long(long value) => ExpressionValue.Of(value);

    private static ExpressionValue TextOf(string? value) => string.IsNullOrEmpty(value) ? default : ExpressionValue.Of(value);

    private static ExpressionValue OfPeer(string attribute, Workload? peer) => peer is null ? default : attribute.AsSpan(attribute.IndexOf('.', StringComparison.Ordinal) + 1) switch
    {
        "name" => TextOf(peer.Name),
        "workload" => TextOf(peer.WorkloadName),
        "namespace" => TextOf(peer.Namespace),
        "cluster" => TextOf(peer.ClusterId),
        "service" or "app" => TextOf(peer.CanonicalName),
        "revision" or "version" => TextOf(peer.CanonicalRevision),
        "type" => TextOf(peer.Type.ToString().ToLowerInvariant()),
        "principal" => TextOf(peer.Identity.ToString()),
        _ => default,
    };

    private ExpressionValue OfRequest(string attribute, string key)
    {
        if (!IsHttp && attribute is not ("request.duration" or "request.size" or "request.total_size"))
        {
            return default;
        }

        RequestHead? head = Record.Head;
        return attribute switch
        {
            "request.headers" => ExpressionValue.Of(RequestField(key)),
            "request.path" => TextOf(head?.Target),
            "request.url_path" => head is null ? default : ExpressionValue.Of(head.Path.ToString()),
            "request.query" => head is { Query.Length: > 0 } ? ExpressionValue.Of(head.Query[1..].ToString()) : ExpressionValue.Of(""),
            "request.host" => TextOf(Record.Authority),
            "request.scheme" => TextOf(head?.Scheme),
            "request.method" => TextOf(Record.Method),
            "request.referer" => ExpressionValue.Of(head?.Fields.Text("referer")),
            "request.useragent" => ExpressionValue.Of(Record.UserAgent),
            "request.id" => ExpressionValue.Of(Record.RequestId),
            "request.protocol" => TextOf(Record.Protocol),
            "request.duration" => ExpressionValue.Of(TimeSpan.FromMilliseconds(Duration)),
            "request.size" => Long(Record.BytesReceived),
            "request.total_size" => Long(Record.BytesReceived + Record.RequestHeadBytes),
            _ => default,
        };
    }

    private ExpressionValue OfResponse(string attribute, string key) => attribute switch
    {
        "response.headers" => ExpressionValue.Of(Record.Kept?.Field(key)),
        "response.trailers" => ExpressionValue.Of(Record.Kept?.Trailer(key)),
        "response.code" when IsHttp => Long(Record.Status),
        "response.code_details" => TextOf(Record.Details),
        "response.flags" => Long((long)Record.Flags),
        "response.grpc_status" when int.TryParse(Record.GrpcStatus, provider: null, out int status) => Long(status),
        "response.size" => Long(Record.BytesSent),
        "response.total_size" => Long(Record.BytesSent + Record.ResponseHeadBytes),
        "response.backend_latency" when Record.UpstreamTime >= 0 => ExpressionValue.Of(TimeSpan.FromMilliseconds(Record.UpstreamTime)),
        _ => default,
    };

    private ExpressionValue OfConnection(string attribute) => attribute switch
    {
        "source.address" => ExpressionValue.Of(SourceText),
        "source.port" => Long(tunnel.Source.Port),
        "destination.address" => ExpressionValue.Of(tunnel.Authority),
        "destination.port" => Long(tunnel.Facts.DestinationPort),
        "connection.mtls" => ExpressionValue.Of(tunnel.Facts.Client is not null),
        "connection.requested_server_name" => TextOf(tunnel.Facts.ServerName),
        "connection.tls_version" => ExpressionValue.Of("TLSv1.3"),
        "connection.uri_san_peer_certificate" => ExpressionValue.Of(tunnel.Facts.Client?.ToString()),
        "connection.uri_san_local_certificate" => ExpressionValue.Of(tunnel.Loop.Identity.ToString()),
        "connection.termination_details" => TextOf(TerminationDetails),
        "upstream.address" => TextOf(Record.UpstreamHost),
        "upstream.port" when Record.UpstreamHost.LastIndexOf(':') is > 0 and int colon && int.TryParse(Record.UpstreamHost.AsSpan(colon + 1), provider: null, out int port) => Long(port),
        "upstream.transport_failure_reason" => TextOf(Record.TransportFailure),
        "xds.cluster_name" => TextOf(Record.Cluster),
        "xds.route_name" => TextOf(Record.RouteName),
        _ => default,
    };
}
