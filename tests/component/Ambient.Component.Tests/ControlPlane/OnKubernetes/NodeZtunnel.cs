using System.Globalization;
using Ambient.Component.Tests.Kubernetes;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Testing.Networks;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>ztunnel as a process on a virtual node, a client of an ambientd beside the API server.</summary>
internal static class NodeZtunnel
{
    /// <summary>Starts it; its token is that of its own pod.</summary>
    public static async Task<Peer> StartAsync(ApiServerFixture rig, TestNetwork network, VirtualNode node, string zds, PlaneProcess plane, Pod own)
    {
        string root = Path.Combine(network.Directory, "root.pem"), token = Path.Combine(network.Directory, "token");
        await File.WriteAllTextAsync(root, await plane.RootAsync(plane.System));
        await File.WriteAllTextAsync(token, await rig.PodTokenAsync(own));
        string address = string.Create(CultureInfo.InvariantCulture, $"https://{NodeLink.Host}:{plane.Port}");
        return network.Start(new ProcessPlan("ztunnel", Path.Combine(AppContext.BaseDirectory, "ztunnel"))
        {
            NamespaceName = node.NamespaceName,
            LogPath = Path.Combine(network.Directory, "ztunnel.log"),
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["PROXY_MODE"] = "shared",
                ["INPOD_UDS"] = zds,
                ["XDS_ADDRESS"] = address,
                ["CA_ADDRESS"] = address,
                ["ALT_XDS_HOSTNAME"] = "localhost",
                ["ALT_CA_HOSTNAME"] = "localhost",
                ["XDS_ROOT_CA"] = root,
                ["CA_ROOT_CA"] = root,
                ["AUTH_TOKEN"] = token,
                ["CLUSTER_ID"] = "Kubernetes",
                ["POD_NAME"] = own.Metadata.Name,
                ["POD_NAMESPACE"] = own.Metadata.Namespace,
                ["SERVICE_ACCOUNT"] = "ztunnel",
                ["NODE_NAME"] = "node1",
                ["INSTANCE_IP"] = "10.200.0.1",
                ["PACKET_MARK"] = "1337",
                ["ZTUNNEL_WORKER_THREADS"] = "2",
                ["IPV6_ENABLED"] = "false",
                ["ISTIO_META_DNS_CAPTURE"] = "false",
                ["RUST_LOG"] = "info",
            },
        });
    }
}
