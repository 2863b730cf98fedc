using System.Net;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Settings;

/// <summary>What the program is told by its environment. Immutable.</summary>
public sealed record ControlPlaneSettings
{
    /// <summary>A folder of manifests instead of the Kubernetes API.</summary>
    public string? ManifestFolder { get; init; }

    /// <summary>The tokens that are good beside a folder of manifests.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Where a self-signed root is kept.</summary>
    public string AuthorityFolder { get; init; } = "/var/lib/ambient/authority";

    /// <summary>Where operators plug in an authority.</summary>
    public string PluggedFolder { get; init; } = "/etc/cacerts";

    /// <summary>Whether roots may change while it runs.</summary>
    public bool MayChangeRoots { get; init; }

    /// <summary>The mesh.</summary>
    public MeshSettings Mesh { get; init; } = new();

    /// <summary>How long the beginning waits for remote clusters.</summary>
    public TimeSpan RemotePatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Accounts of node proxies, <c>namespace/account</c>.</summary>
    public IReadOnlyList<string> TrustedNodeAccounts { get; init; } = [];

    /// <summary>Whether mirrored requests keep their Host, without <c>-shadow</c>.</summary>
    public bool NoMirrorSuffix { get; init; }

    /// <summary>The audiences of tokens.</summary>
    public IReadOnlyList<string> Audiences { get; init; } = ["istio-ca"];

    /// <summary>Further names of the server.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Where xDS and the certificate service listen.</summary>
    public IPEndPoint XdsAddress { get; init; } = new(IPAddress.Any, 15012);

    /// <summary>Where it says whether it is ready.</summary>
    public IPEndPoint ReadyAddress { get; init; } = new(IPAddress.Any, 8080);

    /// <summary>Where metrics are read.</summary>
    public IPEndPoint MetricsAddress { get; init; } = new(IPAddress.Any, 15014);

    /// <summary>How long it says that it is not ready before it ends its streams.</summary>
    public TimeSpan Drain { get; init; }

    /// <summary>The life of certificates that ask for none.</summary>
    public TimeSpan DefaultLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The longest life of certificates.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromHours(2160);

    /// <summary>The life of a root of our own.</summary>
    public TimeSpan RootLifetime { get; init; } = SelfSignedRoot.DefaultLifetime;

    /// <summary>The controllers.</summary>
    public ControllerSettings Controllers { get; init; } = new();

    /// <summary>What is logged.</summary>
    public LogDirectives Log { get; init; } = LogDirectives.Default;

    /// <summary>With a folder of manifests: the file in which key sets of issuers outlive the process; null: nowhere.</summary>
    public string? KeySetFile { get; init; }

    /// <summary>The names of the server's certificate (control-plane reference 5.1).</summary>
    public IReadOnlyList<string> ServerNames
    {
        get
        {
            string ns = Mesh.SystemNamespace;
            IEnumerable<string> names = [$"istiod.{ns}.svc", $"istiod-remote.{ns}.svc", $"istio-pilot.{ns}.svc"];
            names = Mesh.Revision is "" or "default" ? names : names.Append($"istiod-{Mesh.Revision}.{ns}.svc");
            return [.. names.Concat(Hosts).Distinct(StringComparer.Ordinal)];
        }
    }

    /// <summary>Reads the environment; null when anything is wrong, with all of it in <paramref name="errors"/>.</summary>
    public static ControlPlaneSettings? Parse(IReadOnlyDictionary<string, string> environment, out IReadOnlyList<string> errors)
    {
        var read = new EnvironmentReader(environment);
        string system = read.Text("POD_NAMESPACE", "istio-system");
        string[] accounts = read.List("CA_TRUSTED_NODE_ACCOUNTS");
        foreach (string account in accounts.Where(static account => account.Split('/') is not [{ Length: > 0 }, { Length: > 0 }]))
        {
            read.Refuse($"CA_TRUSTED_NODE_ACCOUNTS: '{account}' is not namespace/serviceaccount; allowed: such as istio-system/ztunnel");
        }

        var settings = new ControlPlaneSettings
        {
            ManifestFolder = read.Find("AMBIENT_MANIFEST_DIR"),
            TokenFile = read.Find("AMBIENT_TOKEN_FILE"),
            AuthorityFolder = read.Text("AMBIENT_CA_DIR", "/var/lib/ambient/authority"),
            KeySetFile = read.Find("AMBIENT_KEY_SET_FILE"),
            PluggedFolder = read.Text("ROOT_CA_DIR", "/etc/cacerts"),
            MayChangeRoots = read.Flag("ISTIO_MULTIROOT_MESH", false),
            Mesh = Meshed(read, system),
            RemotePatience = read.Duration("PILOT_REMOTE_CLUSTER_TIMEOUT", TimeSpan.FromSeconds(30)),
            TrustedNodeAccounts = accounts,
            NoMirrorSuffix = read.Flag("DISABLE_SHADOW_HOST_SUFFIX", false),
            Audiences = read.List("TOKEN_AUDIENCES", "istio-ca"),
            Hosts = read.List("ISTIOD_CUSTOM_HOST"),
            XdsAddress = read.Address("AMBIENT_XDS_ADDRESS", "0.0.0.0:15012"),
            ReadyAddress = read.Address("AMBIENT_READY_ADDRESS", "0.0.0.0:8080"),
            MetricsAddress = read.Address("AMBIENT_METRICS_ADDRESS", "0.0.0.0:15014"),
            Drain = read.Duration("AMBIENT_DRAIN", read.Find("AMBIENT_MANIFEST_DIR") is null ? TimeSpan.FromSeconds(5) : TimeSpan.Zero),
            DefaultLifetime = read.Duration("DEFAULT_WORKLOAD_CERT_TTL", TimeSpan.FromHours(24)),
            MaxLifetime = read.Duration("MAX_WORKLOAD_CERT_TTL", TimeSpan.FromHours(2160)),
            RootLifetime = read.Duration("CITADEL_SELF_SIGNED_CA_CERT_TTL", SelfSignedRoot.DefaultLifetime),
            Controllers = Controlled(read),
            Log = Directives(read),
        };
        if (settings.ManifestFolder is not null && settings.TokenFile is null)
        {
            read.Refuse("AMBIENT_TOKEN_FILE: missing; with AMBIENT_MANIFEST_DIR there is no API server that judges tokens; allowed: a file with lines token,namespace,account,pod,uid");
        }

        errors = read.Errors;
        return errors.Count == 0 ? settings : null;
    }

    private static MeshSettings Meshed(EnvironmentReader read, string system) => new()
    {
        ClusterId = read.Text("CLUSTER_ID", "Kubernetes"),
        SystemNamespace = system,
        RootNamespace = read.Text("ROOT_NAMESPACE", system),
        DomainSuffix = read.Text("DOMAIN_SUFFIX", "cluster.local"),
        TrustDomain = read.Text("TRUST_DOMAIN", MeshSettings.DefaultTrustDomain),
        TrustDomainAliases = read.List("TRUST_DOMAIN_ALIASES"),
        Revision = read.Text("REVISION", "default"),
        SpansClusters = read.Flag("AMBIENT_ENABLE_MULTI_NETWORK", false),
        ServicesSelectEntries = read.Flag("PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES", true),
        SendsDryRun = read.Flag("AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY", false),
        RequiresWaypoint = Duty(read),
    };

    private static WaypointDuty Duty(EnvironmentReader read)
    {
        string text = read.Text("AMBIENT_REQUIRE_WAYPOINT", "policy");
        if (WaypointDuties.Parse(text) is { } duty)
        {
            return duty;
        }

        read.Refuse($"AMBIENT_REQUIRE_WAYPOINT: {text} is unknown; allowed: {WaypointDuties.Words}");
        return WaypointDuty.OnPolicy;
    }

    private static ControllerSettings Controlled(EnvironmentReader read) => new()
    {
        Identity = $"{read.Text("POD_NAME", Environment.MachineName)}-{Guid.NewGuid().ToString("N")[..8]}",
        Elects = read.Flag("ENABLE_LEADER_ELECTION", true),
        RootMap = read.Text("PILOT_CA_CERT_CONFIGMAP", "istio-ca-root-cert"),
        RevocationMap = read.Text("PILOT_CRL_CONFIGMAP", "istio-ca-crl"),
        WritesStatus = read.Flag("AMBIENT_ENABLE_STATUS", true),
        Allocates = read.Flag("PILOT_ENABLE_IP_AUTOALLOCATE", true),
        Ipv4Pool = read.Text("PILOT_IP_AUTOALLOCATE_IPV4_PREFIX", "240.240.0.0/16"),
        Ipv6Pool = read.Text("PILOT_IP_AUTOALLOCATE_IPV6_PREFIX", "2001:2::/48"),
        Deploys = read.Flag("PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER", true),
        CopiesToObjects = read.Flag("PILOT_ENABLE_GATEWAY_API_COPY_LABELS_ANNOTATIONS", true),
        WritesGatewayStatus = read.Flag("PILOT_ENABLE_GATEWAY_API_STATUS", true),
        MakesClasses = read.Flag("PILOT_ENABLE_GATEWAY_API_GATEWAYCLASS_CONTROLLER", true),
        WaypointImage = read.Text("AMBIENT_WAYPOINT_IMAGE", "ambient/waypoint:latest"),
        PullPolicy = read.Text("AMBIENT_IMAGE_PULL_POLICY", "IfNotPresent"),
        WaypointTemplate = read.Find("AMBIENT_WAYPOINT_TEMPLATE"),
    };

    private static LogDirectives Directives(EnvironmentReader read)
    {
        if (read.Find("AMBIENT_LOG") is not { } text)
        {
            return LogDirectives.Default;
        }

        if (LogDirectives.TryParse(text, out LogDirectives? directives, out string? error))
        {
            return directives;
        }

        read.Refuse($"AMBIENT_LOG: {error}; allowed: such as info,ambientd::xds=debug");
        return LogDirectives.Default;
    }
}
