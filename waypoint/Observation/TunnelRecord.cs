using Ambient.Routing.Messages;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Observation;

/// <summary>What a tunnel's requests and connections say when they are over. Loop-affine.</summary>
internal sealed class TunnelRecord(InboundTunnel tunnel)
{
    /// <summary>A request is over.</summary>
    public void OnCompleted(RequestRecord record)
    {
        long duration = tunnel.Loop.Loop.NowMilliseconds - record.Started;
        tunnel.Loop.Metrics.Count(tunnel, record, duration);
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

    /// <summary>A connection without HTTP began.</summary>
    public void OnTcpOpened(RequestRecord record) => _ = record;

    /// <summary>A connection without HTTP is over.</summary>
    public void OnTcpClosed(RequestRecord record)
    {
        tunnel.Loop.Metrics.CountTcp(tunnel, record);
        if (tunnel.Configuration.Settings.LogsAccess)
        {
            tunnel.Loop.AccessLog.Request(tunnel, record, tunnel.Loop.Loop.NowMilliseconds - record.Started);
        }
    }
}
