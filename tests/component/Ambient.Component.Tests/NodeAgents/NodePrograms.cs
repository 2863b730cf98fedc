using Ambient.Testing.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>The programs of a node as tests start them; their files lie in the network's directory.</summary>
internal static class NodePrograms
{
    /// <summary>A ztunnel for all pods that the node's agent names.</summary>
    public static ProcessPlan Ztunnel(TestNetwork network, string namespaceName) => new("ztunnel", Path.Combine(AppContext.BaseDirectory, "ztunnel"))
    {
        NamespaceName = namespaceName,
        LogPath = Path.Combine(network.Directory, $"ztunnel-{Guid.NewGuid():N}.log"),
        Environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["FAKE_CA"] = "true",
            ["FAKE_CA_DIR"] = Path.Combine(network.Directory, "authority"),
            ["XDS_ADDRESS"] = "",
            ["LOCAL_XDS_PATH"] = Path.Combine(network.Directory, "mesh.yaml"),
            ["PROXY_MODE"] = "shared",
            ["INPOD_UDS"] = Path.Combine(network.Directory, "zds"),
            ["PACKET_MARK"] = "1337",
            ["ZTUNNEL_WORKER_THREADS"] = "2",
            ["TERMINATION_GRACE_PERIOD_SECONDS"] = "60",
            ["IPV6_ENABLED"] = "false",
            ["ISTIO_META_DNS_CAPTURE"] = "false",
            ["RUST_LOG"] = "info",
        },
    };

    /// <summary>The settings of the node's agent; a test adds its own.</summary>
    public static Dictionary<string, string> AgentEnvironment(TestNetwork network) => new(StringComparer.Ordinal)
    {
        ["AMBIENT_MANIFEST_DIR"] = Path.Combine(network.Directory, "manifests"),
        ["AMBIENT_STATUS_DIR"] = Path.Combine(network.Directory, "status"),
        ["CNI_AGENT_RUN_DIR"] = Path.Combine(network.Directory, "run"),
        ["ZTUNNEL_UDS_ADDRESS"] = Path.Combine(network.Directory, "zds"),
        ["AMBIENT_INSTALL"] = "false",
        ["AMBIENT_DNS_CAPTURE"] = "false",
        ["AMBIENT_IPV6"] = "false",
        ["HEALTH_PORT"] = "8000",
        ["AMBIENT_LOG"] = "debug",
    };
}
