using Ambient.Mesh.Addresses;
using Ambient.Mesh.Views;
using Ambient.Telemetry.Logging;
using Ambient.Tls.Handshakes;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Export;
using Ambient.Waypoint.Observation.Plans;
using Ambient.Waypoint.Settings;

namespace Ambient.Waypoint.Tunnels;

/// <summary>What all loops share. Thread-safe: its parts are, and what changes is swapped as a whole.</summary>
internal sealed class WaypointShared
{
    private volatile WaypointConfiguration _configuration = WaypointConfiguration.Empty;
    private volatile ObservationPlan _observation = ObservationPlan.Standard;
    private volatile TlsContext? _tls;
    private OwnPlace? _place;

    public WaypointShared() => Destinations = new DestinationTable(view => (_place ??= Place()).Find(view));

    public required WaypointOptions Options { get; init; }

    public required MeshState Mesh { get; init; }

    public required TimeProvider Clock { get; init; }

    public required RequestMetrics Metrics { get; init; }

    /// <summary>What leaves as logs and spans.</summary>
    public required Exporters Exporters { get; init; }

    /// <summary>The waypoint's own log.</summary>
    public required Logger Log { get; init; }

    /// <summary>What is measured, logged and traced; changed by the configuration's settings alone.</summary>
    public ObservationPlan Observation => _observation;

    public DestinationTable Destinations { get; }

    public WaypointConfiguration Configuration
    {
        get => _configuration;
        set
        {
            if (!value.Settings.Equals(_configuration.Settings))
            {
                _observation = ObservationPlan.Compile(value.Settings, Exporters, text => Log.Warn("telemetry is not as written", LogField.Of("what", text)));
            }

            _configuration = value;
        }
    }

    public TlsContext? Tls
    {
        get => _tls;
        set => _tls = value;
    }

    private OwnPlace Place() => new(Options.Identity, Options.Network, IpAddress.TryParse(Environment.GetEnvironmentVariable("INSTANCE_IP") ?? "", out IpAddress address) ? address : null);
}
