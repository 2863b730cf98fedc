using System.Net;
using Ambient.Cni.Enrolment;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Settings;

/// <summary>Everything that the environment decides (cni-and-redirection.md 8.3). Immutable.</summary>
public sealed record AgentSettings
{
    /// <summary><c>NODE_NAME</c>.</summary>
    public string? NodeName { get; init; }

    /// <summary><c>AMBIENT_MANIFEST_DIR</c>: pods come from this folder.</summary>
    public string? ManifestFolder { get; init; }

    /// <summary><c>AMBIENT_STATUS_DIR</c>: where reports go when there is no API server.</summary>
    public string? StatusFolder { get; init; }

    /// <summary><c>CNI_AGENT_RUN_DIR</c>.</summary>
    public string RunDirectory { get; init; } = "/var/run/istio-cni";

    /// <summary><c>ZTUNNEL_UDS_ADDRESS</c>.</summary>
    public string ZtunnelSocket { get; init; } = "/var/run/ztunnel/ztunnel.sock";

    /// <summary><c>HOST_ROOT</c>: where the node's root is mounted; empty when the agent runs on the node itself.</summary>
    public string HostRoot { get; init; } = "";

    /// <summary>Which pods belong to the mesh: <c>AMBIENT_ENABLEMENT_SELECTOR</c>, <c>EXCLUDE_NAMESPACES</c>, <c>SYSTEM_NAMESPACE</c>, <c>POD_NAMESPACE</c>.</summary>
    public EnrolmentOptions Enrolment { get; init; } = new();

    /// <summary><c>AMBIENT_DNS_CAPTURE</c>.</summary>
    public bool DnsCapture { get; init; } = true;

    /// <summary><c>AMBIENT_IPV6</c>.</summary>
    public bool Ipv6 { get; init; } = true;

    /// <summary><c>AMBIENT_REDIRECTION</c>: <c>translation</c> or <c>sockets</c>.</summary>
    public RedirectionMethod Method { get; init; } = RedirectionMethod.Translation;

    /// <summary><c>AMBIENT_BACKEND</c>: <c>nftables</c>, <c>iptables-nft</c> or <c>iptables-legacy</c>.</summary>
    public RedirectionBackEnd BackEnd { get; init; } = RedirectionBackEnd.Nftables;

    /// <summary><c>AMBIENT_STRICT</c>: false lets pods whose workloads are not STRICT go on in plaintext when their proxy is gone.</summary>
    public bool Strict { get; init; } = true;

    /// <summary><c>AMBIENT_SECRET_MARKS</c>: each pod's proxy has a packet mark that only agent and ztunnel know, where ztunnel can do that.</summary>
    public bool SecretMarks { get; init; } = true;

    /// <summary><c>AMBIENT_OPEN_AFTER</c>, in seconds: how long the proxy must be gone for that.</summary>
    public TimeSpan OpenAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary><c>AMBIENT_HOLD</c>, in seconds: how long new connections of a pod wait for the next proxy; 0 refuses them at once.</summary>
    public TimeSpan HoldFor { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary><c>AMBIENT_PROOF_INTERVAL</c>, in seconds.</summary>
    public TimeSpan ProofInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary><c>AMBIENT_ADD_TIMEOUT</c>, in seconds: how long an ADD may take; less than the plugin's own patience.</summary>
    public TimeSpan AddPatience { get; init; } = TimeSpan.FromSeconds(4.5);

    /// <summary><c>PROBE_MODE</c>.</summary>
    public ProbeMode Probes { get; init; } = ProbeMode.Automatic;

    /// <summary><c>HOST_PROBE_SNAT_IP</c>; with <see cref="ProbeMode.NodeAddress"/> the node's address as its pods see it.</summary>
    public IPAddress ProbeAddress { get; init; } = IPAddress.Parse("169.254.7.127");

    /// <summary><c>HOST_PROBE_SNAT_IPV6</c>.</summary>
    public IPAddress ProbeAddressV6 { get; init; } = IPAddress.Parse("fd16:9254:7127:1337:ffff:ffff:ffff:ffff");

    /// <summary><c>MOUNTED_CNI_NET_DIR</c>: where CNI configurations are; null when <c>AMBIENT_INSTALL=false</c>.</summary>
    public string? CniFolder { get; init; } = "/host/etc/cni/net.d";

    /// <summary><c>AMBIENT_CHAIN_INTO_PRIMARY</c>: our entry goes into the primary's own file.</summary>
    public bool ChainIntoPrimary { get; init; }

    /// <summary><c>CHAINED_CNI_PLUGIN=false</c>: a file with our entry alone, for Multus.</summary>
    public bool IsStandalone { get; init; }

    /// <summary><c>ISTIO_OWNED_CNI_CONFIG_FILENAME</c>.</summary>
    public string OwnFileName { get; init; } = "00-ambient-cni.conflist";

    /// <summary><c>CNI_CONF_NAME</c>: the primary's file; null takes the first.</summary>
    public string? PrimaryFileName { get; init; }

    /// <summary><c>CNI_BIN_DIR</c>: where the plugin is copied to; null copies nothing.</summary>
    public string? BinFolder { get; init; }

    /// <summary><c>PLUGIN_BINARY</c>: the plugin to copy.</summary>
    public string? PluginBinary { get; init; }

    /// <summary><c>AGENT_ON_HOST_NETWORK</c>: the agent's pod starts without CNI, so STATUS may say that the agent is away.</summary>
    public bool IsOnHostNetwork { get; init; }

    /// <summary><c>MONITORING_PORT</c>.</summary>
    public int MetricsPort { get; init; } = 15014;

    /// <summary><c>HEALTH_PORT</c>.</summary>
    public int HealthPort { get; init; } = 8000;

    /// <summary><c>AMBIENT_LOG</c>.</summary>
    public LogDirectives Log { get; init; } = LogDirectives.Default;

    /// <summary>Reads the environment; null and every error when it cannot be used.</summary>
    public static AgentSettings? Parse(IReadOnlyDictionary<string, string> environment, out IReadOnlyList<string> errors)
    {
        var parser = new AgentSettingsParser(environment);
        AgentSettings settings = parser.Parse();
        errors = parser.Errors;
        return errors.Count == 0 ? settings : null;
    }
}
