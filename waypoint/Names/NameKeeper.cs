using Ambient.EventLoop;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Names;

/// <summary>
/// Asks for the names of configured endpoints before a request needs them, and keeps them in use while they are configured: an endpoint that is used once a day
/// is where it was last, also when no nameserver can be asked. Loop-affine: of the loop of the names.
/// </summary>
internal sealed class NameKeeper(EventLoop.EventLoop loop, NameTable table, WaypointShared shared) : LoopTimer
{
    private const long PauseMilliseconds = 5_000;

    private WaypointConfiguration? _looked;
    private NamespacedHostname[] _named = [];

    /// <summary>Looks now, and again and again.</summary>
    public void Start() => OnTimer();

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        loop.Timers.Schedule(this, loop.NowMilliseconds + PauseMilliseconds);
        Keep();
        table.Sweep();
    }

    private void Keep()
    {
        WaypointConfiguration now = shared.Configuration;
        if (!ReferenceEquals(_looked, now))
        {
            _looked = now;
            _named = [.. now.Destinations.Where(static pair => pair.Value.Names is { Kind: NameResolution.Types.Kind.All or NameResolution.Types.Kind.First }).Select(static pair => pair.Key)];
        }

        foreach (NamespacedHostname host in _named)
        {
            if (shared.Mesh.Current.FindService(host) is { } service)
            {
                foreach (Workload workload in shared.Mesh.Current.EndpointWorkloads(service))
                {
                    if (workload.AddressCount == 0 && workload.Hostname.Length > 0 && !workload.Hostname.StartsWith('*'))
                    {
                        table.Get(workload.Hostname);
                    }
                }
            }
        }
    }
}
