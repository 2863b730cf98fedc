using Ambient.Mesh.Views;
using Ambient.Tls.Handshakes;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Settings;

namespace Ambient.Waypoint.Tunnels;

/// <summary>What all loops share. Thread-safe: its parts are, and what changes is swapped as a whole.</summary>
internal sealed class WaypointShared
{
    private volatile WaypointConfiguration _configuration = WaypointConfiguration.Empty;
    private volatile TlsContext? _tls;

    public required WaypointOptions Options { get; init; }

    public required MeshState Mesh { get; init; }

    public required TimeProvider Clock { get; init; }

    public required RequestMetrics Metrics { get; init; }

    public required AccessLog AccessLog { get; init; }

    public DestinationTable Destinations { get; } = new();

    public WaypointConfiguration Configuration
    {
        get => _configuration;
        set => _configuration = value;
    }

    public TlsContext? Tls
    {
        get => _tls;
        set => _tls = value;
    }
}
