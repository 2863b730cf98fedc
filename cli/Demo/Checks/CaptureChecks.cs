using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Observation;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>Status computed from what is, not from what was asked.</summary>
internal static class CaptureChecks
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly string[] Ports = ["15001", "15006", "15008"];

    public static async Task PodsAreCapturedAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod[] meshed = [.. SandboxLayout.Pods.Where(p => p.IsMeshed).Select(mesh.Pod)];
        log.Did("read back the nftables table, routes and listening sockets of " + string.Join(", ", meshed.Select(p => p.Plan.Name)));
        foreach (SandboxPod pod in meshed)
        {
            AgentPodView? view = null;
            await Requests.UntilAsync(
                async () => (view = (await mesh.Nodes[pod.Plan.Node].PodsAsync(cancellation)).FirstOrDefault(p => p.Name == $"{pod.Plan.Namespace}/{pod.Plan.Name}")) is { IsProven: true, Guard: "Absent" }, Deadline, cancellation);
            log.Require(view is { IsProven: true, Guard: "Absent" }, $"{pod.Plan.Name}: its agent must have proven it: {view}");
            CommandResult rules = (await pod.RunAsync("nft", "list", "table", "inet", "ambient-redirection")).OrThrow();
            log.Require(rules.Output.Contains("15001", StringComparison.Ordinal) && rules.Output.Contains("15006", StringComparison.Ordinal), $"{pod.Plan.Name}: no rules lead to its proxy");
            CommandResult sockets = (await pod.RunAsync("ss", "-Hltn")).OrThrow();
            foreach (string port in Ports)
            {
                log.Require(sockets.Output.Contains(":" + port + " ", StringComparison.Ordinal), $"{pod.Plan.Name}: nobody listens on {port}");
            }
        }

        CommandResult outside = (await mesh.Pod(SandboxLayout.Outsider).RunAsync("nft", "list", "tables")).OrThrow();
        log.Require(outside.Output.Length == 0, "the pod outside the mesh has rules: " + outside.Output);
        log.Saw($"{meshed.Length} pods hold exactly the rules of their agents' model and listen on 15001, 15006 and 15008; {SandboxLayout.Outsider.Name} holds none");
    }
}
