using Ambient.Mesh.Addresses;
using Ambient.Mesh.Workloads;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Observation;

/// <summary>One loop's way to the metrics: labels are made once for each kind of request, then it is plain adds. Loop-affine.</summary>
internal sealed class LoopMetrics(WaypointLoop loop, RequestMetrics metrics)
{
    private const int MaxKinds = 4096;

    private readonly Dictionary<RequestKind, RequestSeries> _series = [];

    /// <summary>A request is over.</summary>
    public void Count(InboundTunnel tunnel, RequestRecord record, long duration)
    {
        Workload? source = SourceOf(tunnel);
        RequestKind kind = new(source, tunnel.Facts.Client, record.Endpoint, record.Service, record.Status, record.GrpcStatus, record.Flags, record.IsGrpc);
        if (!_series.TryGetValue(kind, out RequestSeries? series))
        {
            // Kinds name workloads, which come and go.
            if (_series.Count >= MaxKinds)
            {
                _series.Clear();
            }

            _series[kind] = series = metrics.SeriesOf(tunnel, record, source);
        }

        series.Requests.Increment();
        series.RequestBytes.Observe(record.BytesReceived);
        series.ResponseBytes.Observe(record.BytesSent);
        if (record.Status > 0)
        {
            series.Duration.Observe(duration);
        }
    }

    /// <summary>A connection is over.</summary>
    public void CountTcp(InboundTunnel tunnel, RequestRecord record) => metrics.CountTcp(tunnel, record, SourceOf(tunnel));

    private Workload? SourceOf(InboundTunnel tunnel) => loop.View.FindWorkload(new NetworkAddress(loop.Options.Network, tunnel.Source.Address));
}
