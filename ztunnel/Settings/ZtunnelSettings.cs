using Ambient.Identity.Client;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Settings;

/// <summary>Everything that can be set from outside (ztunnel.md 9), checked. Immutable.</summary>
public sealed record ZtunnelSettings
{
    /// <summary>Whom the process serves.</summary>
    public required ProxyMode Mode { get; init; }

    /// <summary>The one workload of dedicated mode; null in shared mode.</summary>
    public WorkloadReference? DedicatedWorkload { get; init; }

    /// <summary>Whether traffic is proxied; off leaves only DNS.</summary>
    public required bool IsProxyEnabled { get; init; }

    /// <summary>Whether the DNS proxy runs.</summary>
    public required bool IsDnsEnabled { get; init; }

    /// <summary>Where the DNS proxy listens in each pod.</summary>
    public required DnsAddress DnsAddress { get; init; }

    /// <summary>xDS connection.</summary>
    public required ControlPlaneSettings Xds { get; init; }

    /// <summary>Certificate authority; its address is null with <see cref="IsFakeCa"/>.</summary>
    public required ControlPlaneSettings CertificateAuthority { get; init; }

    /// <summary>Bearer token for both; null for none.</summary>
    public TokenSource? Token { get; init; }

    /// <summary>Whether resources are asked for one by one.</summary>
    public bool IsXdsOnDemand { get; init; }

    /// <summary>Where the control plane's last state is kept for the next start; null keeps none.</summary>
    public string? XdsSnapshotPath { get; init; }

    /// <summary>How long a start waits for the control plane before it serves by the snapshot.</summary>
    public TimeSpan XdsSnapshotWait { get; init; }

    /// <summary>File of the local model; null for none.</summary>
    public string? LocalModelPath { get; init; }

    /// <summary>Text of the local model; null for none.</summary>
    public string? LocalModel { get; init; }

    /// <summary>Whether certificates come from a local test authority.</summary>
    public bool IsFakeCa { get; init; }

    /// <summary>Directory of the local test authority, shared by processes that shall trust each other; null for one per process (<c>FAKE_CA_DIR</c>, ours).</summary>
    public string? FakeCaDirectory { get; init; }

    /// <summary>Life that is asked for certificates.</summary>
    public required TimeSpan SecretTimeToLive { get; init; }

    /// <summary>Own cluster.</summary>
    public required string ClusterId { get; init; }

    /// <summary>Domain of service names; DNS only.</summary>
    public required string ClusterDomain { get; init; }

    /// <summary>Own network.</summary>
    public required string Network { get; init; }

    /// <summary>Own node; empty when unknown.</summary>
    public required string NodeName { get; init; }

    /// <summary>Namespace that wins when DNS could choose; null for none.</summary>
    public string? PreferredServiceNamespace { get; init; }

    /// <summary>Own pod; empty when unknown.</summary>
    public required string PodName { get; init; }

    /// <summary>Own pod's namespace; empty when unknown.</summary>
    public required string PodNamespace { get; init; }

    /// <summary>Own pod's service account; empty when unknown.</summary>
    public required string ServiceAccount { get; init; }

    /// <summary>Own address as told to the control plane.</summary>
    public required string InstanceIp { get; init; }

    /// <summary>Trust domain of the own identity, for display.</summary>
    public required string TrustDomain { get; init; }

    /// <summary>Socket of the node agent.</summary>
    public required string AgentSocketPath { get; init; }

    /// <summary>Whether listeners in pods share their port with an older or newer process.</summary>
    public required bool IsPortReuseEnabled { get; init; }

    /// <summary>Mark of the proxy's own packets; 0 for none.</summary>
    public required uint PacketMark { get; init; }

    /// <summary>Whether applications see the client's own address.</summary>
    public OriginalSourceMode OriginalSource { get; init; }

    /// <summary>Whether applications that want the PROXY header are dialled on loopback.</summary>
    public required bool IsLocalhostAppTunnel { get; init; }

    /// <summary>Whether answers carry baggage and that of requests is read.</summary>
    public required bool IsResponseBaggageEnabled { get; init; }

    /// <summary>Whether the SOCKS5 listener runs.</summary>
    public bool IsSocksEnabled { get; init; }

    /// <summary>Whether IPv6 is used.</summary>
    public required bool IsIPv6Enabled { get; init; }

    /// <summary>Whether <c>::1</c> can be bound in the own namespace.</summary>
    public required bool HasIPv6Loopback { get; init; }

    /// <summary>Revocation lists; null for off.</summary>
    public string? CrlPath { get; init; }

    /// <summary>Whether an unusable revocation list stops the start instead of switching the check off (<c>CRL_STRICT</c>, ours).</summary>
    public bool IsCrlStrict { get; init; }

    /// <summary>Tunnels.</summary>
    public required TunnelSettings Tunnels { get; init; }

    /// <summary>TCP keep-alive.</summary>
    public required KeepAliveSettings KeepAlive { get; init; }

    /// <summary>How long open connections may go on after the signal to stop.</summary>
    public required TimeSpan DrainTime { get; init; }

    /// <summary>Event loops.</summary>
    public required int WorkerThreadCount { get; init; }

    /// <summary>Levels.</summary>
    public required LogDirectives LogDirectives { get; init; }

    /// <summary>Shape of log lines.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>Whether policy decisions are logged at info instead of debug.</summary>
    public bool IsPolicyLoggedAtInfo { get; init; }

    /// <summary>Admin port.</summary>
    public required int AdminPort { get; init; }

    /// <summary>Metrics port.</summary>
    public required int StatsPort { get; init; }

    /// <summary>Readiness port.</summary>
    public int ReadinessPort { get; init; } = Ports.Readiness;

    /// <summary>Proxy metadata, sorted by key.</summary>
    public required IReadOnlyDictionary<string, string> ProxyMetadata { get; init; }

    /// <summary>Node metadata given as JSON (<c>ISTIO_METAJSON_*</c>), by key, still text.</summary>
    public required IReadOnlyDictionary<string, string> NodeMetadataJson { get; init; }

    /// <summary>Version of the mesh that we say we belong to.</summary>
    public required string MeshVersion { get; init; }

    /// <summary>Words of the command line after <c>proxy</c>; recorded only.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Whether the process serves HBONE for itself, so that meshed scrapers reach its metrics (ztunnel.md 1.1).</summary>
    public bool HasSelfListener => Mode == ProxyMode.Shared && PodName.Length > 0 && PodNamespace.Length > 0 && ServiceAccount.Length > 0;

    /// <summary>Reads the environment, the mesh config and the machine; all errors at once.</summary>
    public static SettingsResult Parse(IReadOnlyDictionary<string, string> environment, SettingsHost host) => new SettingsParser(environment, host).Parse();
}
