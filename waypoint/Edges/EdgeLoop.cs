using Ambient.EventLoop;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Edges;

/// <summary>
/// What a loop knows of its connections from outside the mesh: how many there may be, and which of them dawdle. Once a second all of them are looked at. Loop-affine.
/// </summary>
internal sealed class EdgeLoop(WaypointLoop loop) : LoopTimer
{
    private const long LookMilliseconds = 1_000;

    /// <summary>Handshakes that have something to do.</summary>
    public HandshakeQueue Handshakes { get; } = new(loop.Loop);

    /// <summary>Connections that were sent away before anything was served.</summary>
    public long Refused { get; set; }

    /// <summary>Handshakes that were begun and failed.</summary>
    public long HandshakeFailures { get; set; }

    /// <summary>Whether another connection may come.</summary>
    public bool HasRoom => loop.Plain.Count + loop.Arrivals.Count < Math.Max(1, loop.Options.MaxClients / loop.Options.Threads);

    /// <summary>Begins to look.</summary>
    public void Start() => loop.Loop.Timers.Schedule(this, loop.Loop.NowMilliseconds + LookMilliseconds);

    /// <summary>Whoever is in the middle of a handshake is not waited for.</summary>
    public void Drain() => loop.TellAll(loop.Arrivals, static arrival => arrival.Abort("draining"));

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        long now = loop.Loop.NowMilliseconds;
        loop.TellAll(loop.Plain.Where(tunnel => tunnel.Pace?.IsLate(now) == true), static tunnel => tunnel.OnLate());
        Start();
    }
}
