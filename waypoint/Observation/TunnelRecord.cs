using Ambient.Mesh.Addresses;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Observation;

/// <summary>What a tunnel's requests and connections say as they begin and end. Loop-affine.</summary>
internal sealed class TunnelRecord(InboundTunnel tunnel)
{
    private MeshView? _view;
    private Workload? _source;
    private RequestKind _kind;
    private RequestSeries? _series;

    /// <summary>A request was read; policies have not seen it yet.</summary>
    public void OnStarted(RequestRecord record)
    {
        if (record.IsGrpc)
        {
            tunnel.Loop.Metrics.Watch(record, this);
        }
    }

    /// <summary>A request is over.</summary>
    public void OnCompleted(RequestRecord record)
    {
        long duration = tunnel.Loop.Loop.NowMilliseconds - record.Started;
        Count(record, duration);
        if (tunnel.Configuration.Settings.LogsAccess)
        {
            tunnel.Loop.AccessLog.Request(tunnel, record, duration);
        }
    }

    /// <summary>Bytes that are no request were answered.</summary>
    public void OnBadRequest(RequestHead head, HttpError error)
    {
        RequestRecord record = new() { Started = tunnel.Loop.Loop.NowMilliseconds, StartTime = tunnel.Loop.Clock.GetUtcNow(), Status = error.Status, Details = error.Details };
        record.Take(head);
        record.Flags = error.Status == 400 ? ResponseFlags.ClientProtocolError : ResponseFlags.None;
        OnCompleted(record);
    }

    /// <summary>A connection without HTTP began; it is counted once its endpoint is known.</summary>
    public void OnTcpOpened(RequestRecord record) => tunnel.Loop.Metrics.Watch(record, this);

    /// <summary>Its endpoint was chosen.</summary>
    public void OnTcpRouted(RequestRecord record) => CountConnection(record, isOver: false);

    /// <summary>A connection without HTTP is over.</summary>
    public void OnTcpClosed(RequestRecord record)
    {
        tunnel.Loop.Metrics.Forget(record);
        CountConnection(record, isOver: true);
        if (tunnel.Configuration.Settings.LogsAccess)
        {
            tunnel.Loop.AccessLog.Request(tunnel, record, tunnel.Loop.Loop.NowMilliseconds - record.Started);
        }
    }

    /// <summary>Counts what has happened so far of something that lasts.</summary>
    public void Report(RequestRecord record)
    {
        if (record.IsGrpc)
        {
            CountMessages(record);
        }
        else if (record.Endpoint is not null)
        {
            CountConnection(record, isOver: false);
        }
    }

    private void Count(RequestRecord record, long duration)
    {
        RequestKind kind = RequestKind.Of(record, Source(), tunnel.Facts.Client);
        if (_series is null || !kind.Equals(_kind))
        {
            // Most requests of a tunnel are of the kind of the one before.
            _series = tunnel.Loop.Metrics.RequestsOf(kind);
            _kind = kind;
        }

        _series.Requests?.Increment();
        _series.RequestBytes?.Observe(record.RequestHeadBytes + record.BytesReceived);
        _series.ResponseBytes?.Observe(record.ResponseHeadBytes + record.BytesSent);
        if (record.Status > 0)
        {
            _series.Duration?.Observe(duration);
        }

        if (record.IsGrpc)
        {
            tunnel.Loop.Metrics.Forget(record);
            CountMessages(record);
        }
    }

    private void CountMessages(RequestRecord record)
    {
        MessageSeries series = tunnel.Loop.Metrics.MessagesOf(RequestKind.Of(record, Source(), tunnel.Facts.Client));
        series.Requests?.Add(record.RequestMessages.Count - record.CountedReceived);
        series.Responses?.Add(record.ResponseMessages.Count - record.CountedSent);
        (record.CountedReceived, record.CountedSent) = (record.RequestMessages.Count, record.ResponseMessages.Count);
    }

    private void CountConnection(RequestRecord record, bool isOver)
    {
        ConnectionSeries series = tunnel.Loop.Metrics.ConnectionsOf(RequestKind.Of(record, Source(), tunnel.Facts.Client));
        if (!record.IsOpenCounted)
        {
            record.IsOpenCounted = true;
            series.Opened?.Increment();
        }

        if (isOver)
        {
            series.Closed?.Increment();
        }

        series.Sent?.Add(record.BytesSent - record.CountedSent);
        series.Received?.Add(record.BytesReceived - record.CountedReceived);
        (record.CountedReceived, record.CountedSent) = (record.BytesReceived, record.BytesSent);
    }

    private Workload? Source()
    {
        MeshView view = tunnel.Loop.View;
        if (!ReferenceEquals(view, _view))
        {
            _view = view;
            _source = view.FindWorkload(new NetworkAddress(tunnel.Loop.Options.Network, tunnel.Source.Address));
        }

        return _source;
    }
}
