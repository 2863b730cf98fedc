using Ambient.Mesh.Addresses;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Telemetry.Logging;
using Ambient.Tls.Handshakes;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Discovery;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Limits;
using Ambient.Waypoint.Names;
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
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private readonly long _clockBegan;
    private readonly long _limitScale;
    private OwnPlace? _place;

    public WaypointShared() => Destinations = new DestinationTable(view => Place.Find(view), () => Names, () => OwnNetwork, service => Addresses?.Keep(service));

    public required WaypointOptions Options { get; init; }

    public required MeshState Mesh { get; init; }

    /// <summary>What is asked for of the mesh; null: all of it is known. Set before anybody is served.</summary>
    public AddressBook? Addresses { get; set; }

    public required TimeProvider Clock
    {
        get;
        init => (field, _clockBegan, _limitScale) = (value, value.GetTimestamp(), LimitRate.PerSecond / value.TimestampFrequency);
    }

    public required RequestMetrics Metrics { get; init; }

    /// <summary>What leaves as logs and spans.</summary>
    public required Exporters Exporters { get; init; }

    /// <summary>The waypoint's own log.</summary>
    public required Logger Log { get; init; }

    /// <summary>What is measured, logged and traced; changed by the configuration's settings alone.</summary>
    public ObservationPlan Observation => _observation;

    public DestinationTable Destinations { get; }

    /// <summary>Where endpoints are that have names; null: nobody knows, and they are nowhere.</summary>
    public NameTable? Names { get; init; }

    /// <summary>How connections to endpoints are encrypted.</summary>
    public EndpointTlsTable EndpointTls { get; init; } = new();

    public WaypointConfiguration Configuration
    {
        get => _configuration;
        set
        {
            if (!value.Settings.Equals(_configuration.Settings))
            {
                _observation = ObservationPlan.Compile(value.Settings, Exporters, text => Log.Warn("telemetry is not as written", LogField.Of("what", text)));
            }

            if (Names is { } names)
            {
                names.RefreshMilliseconds = (long)Math.Min(value.Settings.DnsRefreshMs, long.MaxValue);
            }

            _configuration = value;
        }
    }

    /// <summary>About what loops take for now, for those who are on none.</summary>
    public long NowMilliseconds => (long)TimeProvider.System.GetElapsedTime(_began).TotalMilliseconds;

    /// <summary>The time of limits, in their own units, since the process began. Monotonic, and the same for all loops.</summary>
    public long LimitTime => (Clock.GetTimestamp() - _clockBegan) * _limitScale;

    public TlsContext? Tls
    {
        get => _tls;
        set => _tls = value;
    }

    /// <summary>
    /// The port on loopback where the ztunnel of the own pod hands callers on, and is who tunnels to endpoints; 0: we do both ourselves. Decided once, before anybody is served:
    /// a pod is captured before its containers start.
    /// </summary>
    public ushort CapturedPort { get; private set; }

    /// <summary>Decides that by what the control plane says of the own pod (control-plane reference 3.6).</summary>
    public ushort DecideCapture() => CapturedPort = Binding;

    /// <summary>Whether that still holds. A pod that has left the mesh has nobody who tunnels for it, and endpoints of the mesh are not dialled in plain text.</summary>
    public bool IsCaptured => CapturedPort != 0 && Binding == CapturedPort;

    // Of a captured waypoint its ztunnel makes the tunnels, and that makes one through a gateway for services alone, which would lead back to the waypoint.
    private string? OwnNetwork => CapturedPort != 0 ? null : Options.Network;

    /// <summary>Why it cannot serve as it is bound; null: it can. A captured pod is not asked on port 15008, and without a port of its own nowhere else.</summary>
    public string? BindingProblem => Bound is not { Port: 0 } ? null
        : $"the annotation ambient.istio.io/waypoint-inbound-binding of Gateway {Options.Identity.Namespace}/{Options.GatewayName}, or of its class, says PROXY without a port: write PROXY/<port>, such as PROXY/15088, with the port of its listener";

    private ushort Binding => Bound?.Port ?? 0;

    private ApplicationTunnel? Bound => Place.FindOwn(Mesh.Current) is { Protocol: TunnelProtocol.Hbone, NativeTunnel: false, ApplicationTunnel: { Protocol: ApplicationTunnelProtocol.Proxy } binding } ? binding : null;

    /// <summary>Where it runs.</summary>
    public OwnPlace Place => _place ??= new OwnPlace(Options.Identity, Options.Network, IpAddress.TryParse(Environment.GetEnvironmentVariable("INSTANCE_IP") ?? "", out IpAddress address) ? address : null);
}
