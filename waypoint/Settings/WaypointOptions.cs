using System.Diagnostics.CodeAnalysis;
using Ambient.Mesh.Identities;

namespace Ambient.Waypoint.Settings;

/// <summary>What the environment says. Immutable.</summary>
internal sealed record WaypointOptions
{
    /// <summary>Who this waypoint is.</summary>
    public required SpiffeId Identity { get; init; }

    /// <summary>The Gateway that it serves.</summary>
    public string GatewayName { get; init; } = "";

    /// <summary>Whether it is a gateway for callers of other networks, and no waypoint.</summary>
    public bool IsEastWest { get; init; }

    /// <summary>Its pod.</summary>
    public string PodName { get; init; } = "";

    /// <summary>Its pod's address.</summary>
    public string InstanceIp { get; init; } = "1.1.1.1";

    /// <summary>Its node.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Its cluster.</summary>
    public string ClusterId { get; init; } = "Kubernetes";

    /// <summary>Where the configuration comes from; null: from a file.</summary>
    public ControlPlaneSettings? Discovery { get; init; }

    /// <summary>The file with the configuration; null: from the control plane.</summary>
    public string? ConfigurationPath { get; init; }

    /// <summary>Where certificates come from; null: from a test authority.</summary>
    public ControlPlaneSettings? Authority { get; init; }

    /// <summary>The directory of the test authority.</summary>
    public string? AuthorityDirectory { get; init; }

    /// <summary>Revocation lists of the mesh; null: none are looked at.</summary>
    public string? CrlPath { get; init; }

    /// <summary>The life of certificates that is asked for.</summary>
    public TimeSpan CertificateLife { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Where the last state is kept for the next start; null: nowhere.</summary>
    public string? SnapshotPath { get; init; }

    /// <summary>Whether it knows of the mesh what it needs, and not everything.</summary>
    public bool OnDemand { get; init; }

    /// <summary>How long the control plane may take before a kept state is served by.</summary>
    public TimeSpan SnapshotWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The name of the own network; empty for the only one.</summary>
    public string Network { get; init; } = "";

    /// <summary>Who knows names of endpoints.</summary>
    public string ResolverPath { get; init; } = "/etc/resolv.conf";

    /// <summary>Event loops.</summary>
    public int Threads { get; init; } = Math.Max(2, Environment.ProcessorCount);

    /// <summary>Connections from outside the mesh that there may be at a time; whoever comes beyond is reset.</summary>
    public int MaxClients { get; init; } = 50_000;

    /// <summary>How long connections may go on after a signal.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>How long everything goes on after a signal, while others hear that we go; a part of <see cref="DrainTime"/>.</summary>
    public TimeSpan DrainNotice { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the first bytes of a connection are waited for before it counts as TCP.</summary>
    public TimeSpan DetectionTime { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Reads the environment; false with every error, each naming its variable.</summary>
    public static bool TryParse(IReadOnlyDictionary<string, string> environment, [NotNullWhen(true)] out WaypointOptions? options, out IReadOnlyList<string> errors)
    {
        var read = new EnvironmentReader(environment);
        string @namespace = read.Required("POD_NAMESPACE");
        string account = read.Required("SERVICE_ACCOUNT");
        string? file = read.Find("WAYPOINT_CONFIG_FILE");
        string? fake = read.Find("FAKE_CA_DIRECTORY");
        string xds = read.Text("XDS_ADDRESS", "istiod.istio-system.svc:15012");
        WaypointOptions parsed = new()
        {
            Identity = new SpiffeId(read.Text("TRUST_DOMAIN", "cluster.local"), @namespace, account),
            GatewayName = read.Text("GATEWAY_NAME", account),
            IsEastWest = read.Choice("GATEWAY_ROLE", "waypoint", "east-west") == "east-west",
            PodName = read.Text("POD_NAME", account),
            InstanceIp = read.Text("INSTANCE_IP", "1.1.1.1"),
            NodeName = read.Text("NODE_NAME", ""),
            ClusterId = read.Text("CLUSTER_ID", "Kubernetes"),
            ConfigurationPath = file,
            Discovery = file is null ? read.ControlPlane("XDS", xds) : null,
            AuthorityDirectory = fake,
            Authority = fake is null ? read.ControlPlane("CA", xds) : null,
            CrlPath = read.Find("CRL_PATH"),
            CertificateLife = read.Duration("SECRET_TTL", TimeSpan.FromHours(24)),
            OnDemand = read.Choice("XDS_ON_DEMAND", "true", "false") == "true",
            SnapshotPath = read.Find("WAYPOINT_SNAPSHOT_PATH"),
            Network = read.Text("NETWORK", ""),
            ResolverPath = read.Text("WAYPOINT_RESOLVER_FILE", "/etc/resolv.conf"),
            Threads = read.Number("WAYPOINT_THREADS", Math.Max(2, Environment.ProcessorCount), 1),
            MaxClients = read.Number("WAYPOINT_MAX_CLIENTS", 50_000, 1),
            DrainTime = read.Duration("TERMINATION_DRAIN_DURATION_SECONDS", TimeSpan.FromSeconds(read.Number("TERMINATION_DRAIN_SECONDS", 25, 0))),
            DrainNotice = read.Duration("MINIMUM_DRAIN_DURATION", TimeSpan.FromSeconds(5)),
            DetectionTime = TimeSpan.FromMilliseconds(read.Number("PROTOCOL_DETECTION_MILLISECONDS", 100, 1)),
        };
        errors = read.Errors;
        options = read.Errors.Count == 0 ? parsed : null;
        return options is not null;
    }
}
