using Ambient.EventLoop;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Observation;

/// <summary>One loop's way to the metrics: labels are made once for each kind of request, then it is plain adds. Loop-affine.</summary>
internal sealed class LoopMetrics(WaypointLoop loop, RequestMetrics metrics) : LoopTimer
{
    // What lasts long is counted in steps of this (waypoint reference 4.1).
    private const long ReportMilliseconds = 5_000;
    private const int MaxKinds = 4096;

    private readonly Dictionary<RequestKind, RequestSeries> _requests = [];
    private readonly Dictionary<RequestKind, MessageSeries> _messages = [];
    private readonly Dictionary<RequestKind, ConnectionSeries> _connections = [];
    private readonly Dictionary<RequestRecord, TunnelRecord> _lasting = [];

    /// <summary>Begins to report what lasts long.</summary>
    public void Start() => loop.Loop.Timers.Schedule(this, loop.Loop.NowMilliseconds + ReportMilliseconds);

    /// <summary>The cells for requests of this kind.</summary>
    public RequestSeries RequestsOf(in RequestKind kind)
    {
        if (!_requests.TryGetValue(kind, out RequestSeries? series))
        {
            MakeRoom(_requests);
            _requests[kind] = series = metrics.SeriesOf(loop.Index, kind);
        }

        return series;
    }

    /// <summary>The cells for gRPC messages between these peers.</summary>
    public MessageSeries MessagesOf(in RequestKind kind)
    {
        RequestKind peers = kind.Peers();
        if (!_messages.TryGetValue(peers, out MessageSeries? series))
        {
            MakeRoom(_messages);
            _messages[peers] = series = metrics.MessagesOf(loop.Index, peers);
        }

        return series;
    }

    /// <summary>The cells for connections of this kind.</summary>
    public ConnectionSeries ConnectionsOf(in RequestKind kind)
    {
        if (!_connections.TryGetValue(kind, out ConnectionSeries? series))
        {
            MakeRoom(_connections);
            _connections[kind] = series = metrics.ConnectionsOf(loop.Index, kind);
        }

        return series;
    }

    /// <summary>Something began that may last.</summary>
    public void Watch(RequestRecord record, TunnelRecord tunnel) => _lasting[record] = tunnel;

    /// <summary>It is over.</summary>
    public void Forget(RequestRecord record) => _lasting.Remove(record);

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        Start();
        foreach ((RequestRecord record, TunnelRecord tunnel) in _lasting)
        {
            tunnel.Report(record);
        }
    }

    // Kinds name pods, which come and go; the cells are the loop's and are found again.
    private static void MakeRoom<T>(Dictionary<RequestKind, T> kinds)
    {
        if (kinds.Count >= MaxKinds)
        {
            kinds.Clear();
        }
    }
}
