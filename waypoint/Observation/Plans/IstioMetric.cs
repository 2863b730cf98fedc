namespace Ambient.Waypoint.Observation.Plans;

/// <summary>Istio's standard metrics.</summary>
internal enum IstioMetric
{
    Requests = 0,
    Duration,
    RequestBytes,
    ResponseBytes,
    RequestMessages,
    ResponseMessages,
    ConnectionsOpened,
    ConnectionsClosed,
    SentBytes,
    ReceivedBytes,
}
