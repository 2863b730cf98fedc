namespace Ambient.Waypoint.Observation.Plans;

/// <summary>Names and labels of Istio's standard metrics (waypoint reference 2.8.1, 4.1). Immutable.</summary>
internal static class IstioMetrics
{
    public const int Count = 10;

    /// <summary>As overrides name them.</summary>
    public static readonly string[] Names =
    [
        "istio_requests_total",
        "istio_request_duration_milliseconds",
        "istio_request_bytes",
        "istio_response_bytes",
        "istio_request_messages_total",
        "istio_response_messages_total",
        "istio_tcp_connections_opened_total",
        "istio_tcp_connections_closed_total",
        "istio_tcp_sent_bytes_total",
        "istio_tcp_received_bytes_total",
    ];

    /// <summary>The labels of a metric without any override.</summary>
    public static string[] LabelsOf(IstioMetric metric) => metric switch
    {
        <= IstioMetric.ResponseBytes => PeerLabels.HttpNames,
        <= IstioMetric.ResponseMessages => PeerLabels.Names,
        _ => PeerLabels.TcpNames,
    };
}
