namespace Ambient.Component.Tests.Waypoints;

/// <summary>A query of Kiali or of a dashboard, and what must come out of it.</summary>
/// <param name="Purpose">Whose, and what for.</param>
/// <param name="Text">PromQL.</param>
/// <param name="Labels">Labels that some result has, as <c>name=value</c>.</param>
/// <param name="Least">The least value of that result.</param>
/// <param name="Most">The largest value of that result.</param>
internal sealed record DashboardQuery(string Purpose, string Text, string[] Labels, double Least = 0.000001, double Most = double.MaxValue)
{
    private const string Kiali = "source_cluster,source_workload_namespace,source_workload,source_canonical_service,source_canonical_revision,destination_cluster,destination_service_namespace,"
        + "destination_service,destination_service_name,destination_workload_namespace,destination_workload,destination_canonical_service,destination_canonical_revision,request_protocol";

    /// <summary>Kiali's (waypoint reference 4.5).</summary>
    public static readonly DashboardQuery[] OfKiali =
    [
        new("1 services without workload", $"sum(rate(istio_requests_total{{reporter=~\"waypoint|source\",destination_workload=\"unknown\",destination_service_namespace=\"bench\"}}[1m])) by ({Kiali},response_code,grpc_response_status,response_flags) > 0", ["destination_service_name=v3", "response_code=503", "response_flags=UH"]),
        new("2 incoming", $"sum(rate(istio_requests_total{{reporter=~\"waypoint|destination\",destination_workload_namespace=\"bench\"}}[1m])) by ({Kiali},response_code,grpc_response_status,response_flags) > 0", ["source_workload=client", "destination_workload=server", "destination_service_name=v1", "request_protocol=http", "response_code=200"]),
        new("3 outgoing", $"sum(rate(istio_requests_total{{reporter=~\"waypoint|source\",source_workload_namespace=\"bench\"}}[1m])) by ({Kiali},response_code,grpc_response_status,response_flags) > 0", ["source_workload=client", "destination_workload=server", "request_protocol=grpc", "grpc_response_status=0"]),
        new("4 TCP sent", $"sum(rate(istio_tcp_sent_bytes_total{{reporter=~\"waypoint|source\",source_workload_namespace=\"bench\"}}[1m])) by ({Kiali},app,response_flags) > 0", ["destination_workload=server", "destination_service_name=cart", "request_protocol=tcp", "response_flags=-"]),
        new("4 TCP received", $"sum(rate(istio_tcp_received_bytes_total{{reporter=~\"waypoint|destination\",destination_workload_namespace=\"bench\"}}[1m])) by ({Kiali},app,response_flags) > 0", ["source_workload=client", "destination_service_name=cart"]),
        new("5 gRPC messages sent", "sum(rate(istio_request_messages_total{reporter=~\"waypoint|source\",source_workload_namespace=\"bench\"}[1m])) by (source_workload,destination_workload,destination_service_name) > 0", ["source_workload=client", "destination_workload=server", "destination_service_name=v2"]),
        new("5 gRPC messages received", "sum(rate(istio_response_messages_total{reporter=~\"waypoint|destination\",destination_workload_namespace=\"bench\"}[1m])) by (source_workload,destination_workload,destination_service_name) > 0", ["destination_service_name=v2"]),
        new("6 security", "sum(rate(istio_requests_total{reporter=~\"waypoint|destination\",destination_workload_namespace=\"bench\"}[1m])) by (source_principal,destination_principal,connection_security_policy) > 0", ["source_principal=spiffe://cluster.local/ns/bench/sa/client", "destination_principal=spiffe://cluster.local/ns/bench/sa/server", "connection_security_policy=mutual_tls"]),
        new("7 response time", "histogram_quantile(0.95, sum(rate(istio_request_duration_milliseconds_bucket{reporter=~\"waypoint|destination\",destination_workload=\"server\"}[1m])) by (le,destination_service_name))", ["destination_service_name=v1"], 0.0001, 30_000),
        new("7 average", "sum(rate(istio_request_duration_milliseconds_sum{destination_service_name=\"v1\"}[1m])) / sum(rate(istio_request_duration_milliseconds_count{destination_service_name=\"v1\"}[1m]))", [], 0, 30_000),
        new("8 throughput of requests", "sum(rate(istio_request_bytes_sum{reporter=~\"waypoint|source\",source_workload_namespace=\"bench\"}[1m])) by (destination_service_name) > 0", ["destination_service_name=v1"]),
        new("8 throughput of responses", "sum(rate(istio_response_bytes_sum{reporter=~\"waypoint|destination\",destination_workload_namespace=\"bench\"}[1m])) by (destination_service_name) > 0", ["destination_service_name=v1"]),
        new("9 health", "sum(rate(istio_requests_total{destination_service_namespace=\"bench\"}[1m])) by (destination_service,response_code,grpc_response_status,request_protocol,reporter) > 0", ["destination_service=v1.bench.svc.cluster.local", "response_code=200", "reporter=waypoint"]),
    ];

    /// <summary>Those of Istio's dashboards for mesh, service and workload.</summary>
    public static readonly DashboardQuery[] OfGrafana =
    [
        new("mesh: request volume", "round(sum(rate(istio_requests_total{reporter=~\"source|waypoint\"}[1m])), 0.01)", [], 0.01),
        new("mesh: success rate", "sum(rate(istio_requests_total{reporter=~\"destination|waypoint\",response_code!~\"5.*\"}[1m])) / sum(rate(istio_requests_total{reporter=~\"destination|waypoint\"}[1m]))", [], 0.3, 0.99),
        new("mesh: 5xx", "sum(rate(istio_requests_total{reporter=~\"source|waypoint\",response_code=~\"5.*\"}[1m]))", []),
        new("mesh: table of workloads", "label_join(sum(rate(istio_requests_total{reporter=~\"source|waypoint\",response_code=\"200\"}[1m])) by (destination_workload,destination_workload_namespace,destination_service), \"destination_workload_var\", \".\", \"destination_workload\", \"destination_workload_namespace\")", ["destination_workload_var=server.bench", "destination_service=v1.bench.svc.cluster.local"]),
        new("mesh: P50", "label_join(histogram_quantile(0.50, sum(rate(istio_request_duration_milliseconds_bucket{reporter=~\"source|waypoint\"}[1m])) by (le,destination_workload,destination_workload_namespace)), \"destination_workload_var\", \".\", \"destination_workload\", \"destination_workload_namespace\")", ["destination_workload_var=server.bench"], 0.0001, 30_000),
        new("mesh: TCP table", "label_join(sum(rate(istio_tcp_received_bytes_total{reporter=~\"source|waypoint\"}[1m])) by (destination_workload,destination_workload_namespace,destination_service), \"destination_workload_var\", \".\", \"destination_workload\", \"destination_workload_namespace\")", ["destination_workload_var=server.bench"]),
        new("mesh: components", "sum(istio_build) by (component,tag)", ["component=proxy"], 1, 1),
        new("service: requests by source and code", "round(sum(irate(istio_requests_total{connection_security_policy=\"mutual_tls\",destination_service=~\"v1.bench.svc.cluster.local\",reporter=~\"destination|waypoint\"}[1m])) by (source_workload,source_workload_namespace,response_code), 0.001)", ["source_workload=client", "source_workload_namespace=bench", "response_code=200"], 0.001),
        new("service: request size P90", "histogram_quantile(0.90, sum(irate(istio_request_bytes_bucket{reporter=~\"destination|waypoint\",destination_service=~\"v1.*\"}[1m])) by (le,source_workload))", ["source_workload=client"], 10, 1000),
        new("service: response size P99", "histogram_quantile(0.99, sum(irate(istio_response_bytes_bucket{reporter=~\"destination|waypoint\",destination_service=~\"v1.*\"}[1m])) by (le,destination_workload))", ["destination_workload=server"], 10, 1000),
        new("workload: incoming by code", "sum(rate(istio_requests_total{destination_workload_namespace=~\"bench\",destination_workload=~\"server\",reporter=~\"destination|waypoint\"}[1m])) by (response_code)", ["response_code=200"]),
        new("workload: outgoing by service", "sum(rate(istio_requests_total{source_workload=~\"client\",source_workload_namespace=~\"bench\",reporter=~\"source|waypoint\"}[1m])) by (destination_service)", ["destination_service=v2.bench.svc.cluster.local"]),
        new("workload: TCP opened and closed", "sum(rate(istio_tcp_connections_opened_total{destination_workload=\"server\"}[1m])) + sum(rate(istio_tcp_connections_closed_total{destination_workload=\"server\"}[1m]))", []),
    ];
}
