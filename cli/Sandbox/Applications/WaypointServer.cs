using Ambient.Cli.Sandbox.Nodes;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox.Applications;

/// <summary>A waypoint: configuration and certificates come from the control plane, to which it shows a token of its own.</summary>
internal sealed class WaypointServer(string program, ControlPlane plane, string podNamespace, string gateway) : SandboxApplication(15008)
{
    /// <inheritdoc/>
    protected override Task<ProcessPlan> PrepareAsync(VirtualPod pod, string directory, CancellationToken cancellation) => Task.FromResult(
        new ProcessPlan("waypoint", program, "proxy", "waypoint")
        {
            NamespaceName = pod.NamespaceName,
            LogPath = Path.Combine(directory, "waypoint.log"),
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["POD_NAME"] = gateway,
                ["POD_NAMESPACE"] = podNamespace,
                ["SERVICE_ACCOUNT"] = gateway,
                ["GATEWAY_NAME"] = gateway,
                ["INSTANCE_IP"] = pod.Address.ToString(),
                ["NODE_NAME"] = pod.Node.Name,
                ["XDS_ADDRESS"] = plane.Address,
                ["CA_ADDRESS"] = plane.Address,
                ["ALT_XDS_HOSTNAME"] = ControlPlane.Host,
                ["ALT_CA_HOSTNAME"] = ControlPlane.Host,
                ["XDS_ROOT_CA"] = plane.Roots,
                ["CA_ROOT_CA"] = plane.Roots,
                ["AUTH_TOKEN"] = plane.IssueToken(podNamespace, gateway, gateway, SandboxPod.IdOf(podNamespace, gateway, pod.Number)),
                ["WAYPOINT_SNAPSHOT_PATH"] = Path.Combine(directory, "xds"),
                ["WAYPOINT_THREADS"] = "2",
                ["TERMINATION_DRAIN_SECONDS"] = "1",
            },
        });
}
