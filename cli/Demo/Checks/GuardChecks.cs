using System.Globalization;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Topology.Captures;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>The node's own programs die: closed, never open.</summary>
internal static class GuardChecks
{
    private const string Guard = "table inet ambient-guard";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);
    private static readonly PodPlan Late = new("late", "shop", "client", "node1");

    public static async Task AgentDiesAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxNode node = mesh.Nodes[Late.Node];
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        string url = $"http://{mesh.Pod(SandboxLayout.WebV2).Network.Address}:8080/";
        log.Did($"SIGKILL node1's agent (process {node.Agent.ProcessId}) and hold its successor back; client: curl {url}; start a pod");
        await node.Agent.KillAsync(hold: true);
        CommandResult running = await Requests.GetAsync(client, url);
        (SandboxPod refused, string? error) = await mesh.TryAttachOnceAsync(Late);
        string rules = await RulesAsync(refused);
        log.Saw($"client: {running.Text}; the new pod: {error}; guard {(rules.Contains(Guard, StringComparison.Ordinal) ? "up" : "missing")}");
        log.Require(running.Succeeded, "running pods must not need the agent");
        log.Require(error is not null && rules.Contains(Guard, StringComparison.Ordinal), "a pod that nobody can judge must not start, and be closed");
        await mesh.KillPodAsync(refused);

        log.Did("let the supervisor go on; the pod is tried again, as a kubelet does");
        node.Agent.Release();
        long started = TimeProvider.System.GetTimestamp();
        await node.WaitAgentAsync(Deadline, cancellation);
        SandboxPod late = await mesh.StartPodAsync(Late, cancellation);
        TimeSpan took = TimeProvider.System.GetElapsedTime(started);
        CommandResult first = await Requests.GetAsync(late, url);
        rules = await RulesAsync(late);
        log.Saw(string.Create(CultureInfo.InvariantCulture, $"process {node.Agent.ProcessId}; the pod is in the mesh after {took.TotalMilliseconds:0} ms, its guard is {(rules.Contains(Guard, StringComparison.Ordinal) ? "up" : "down")}; its first request: {first.Text}"));
        log.Require(first.Succeeded && !rules.Contains(Guard, StringComparison.Ordinal), "the pod must start in the mesh");
        await mesh.KillPodAsync(late);
    }

    public static async Task EverythingDiesAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxNode node = mesh.Nodes[Late.Node];
        SandboxPod client = mesh.Pod(SandboxLayout.Client), batch = mesh.Pod(SandboxLayout.Batch), web = mesh.Pod(SandboxLayout.WebV2);
        string url = $"http://{web.Network.Address}:8080/";
        await using PacketCapture wire = await PacketCapture.StartAsync(mesh.FabricName, "bridge", mesh.Directory, "down", "ip", "or", "ip6");
        log.Did($"SIGKILL agent and ztunnel of node1 and hold both back; client, batch and a new pod: curl {url}");
        await Task.WhenAll(node.Agent.KillAsync(hold: true), node.Ztunnel.KillAsync(hold: true));
        (SandboxPod refused, string? error) = await mesh.TryAttachOnceAsync(Late);
        string rules = await RulesAsync(refused);
        CommandResult[] answers = await Task.WhenAll(Requests.GetAsync(client, url), Requests.GetAsync(batch, url), Requests.GetAsync(refused, url, 1));

        // What would a leak look like? The node itself sends one.
        string control = "leak-" + Guid.NewGuid().ToString("N");
        await Command.RunInAsync(node.Node.NamespaceName, "curl", ["-s", "--max-time", "4", url + "?" + control]);
        await wire.WaitForAsync(control);
        CapturedPacket[] leaked = [.. (await wire.StopAsync()).Where(p => !p.HasPort(15008) && (IsOf(p, client.Network) || IsOf(p, batch.Network) || IsOf(p, refused.Network)))];
        log.Saw($"{answers.Count(a => a.Succeeded)} of 3 answered; {leaked.Length} packets of theirs between the nodes past the tunnel (the node's own request, sent to prove that the capture sees, is there); the new pod: {error}");
        log.Require(answers.All(a => !a.Succeeded) && leaked.Length == 0, "nothing may pass: " + string.Join(", ", leaked.Take(3).Select(p => $"{p.Source}→{p.Destination}")));
        log.Require(error is not null && rules.Contains(Guard, StringComparison.Ordinal), "the new pod must be held by its guard");
        await mesh.KillPodAsync(refused);

        log.Did("let the supervisors go on; nobody touches the pods");
        node.Agent.Release();
        node.Ztunnel.Release();
        TimeSpan? back = await Requests.UntilAsync(async () => (await Requests.GetAsync(client, url)).Succeeded && (await Requests.GetAsync(batch, url)).Succeeded, Deadline, cancellation);
        await node.WaitReadyAsync(Deadline, cancellation);
        log.Saw(back is null ? "they stay cut off" : string.Create(CultureInfo.InvariantCulture, $"both are answered again after {back.Value.TotalMilliseconds:0} ms"));
        log.Require(back is not null, "traffic must flow again; logs: " + node.Agent.LogTail() + "\n" + node.Ztunnel.LogTail());
    }

    private static async Task<string> RulesAsync(SandboxPod pod) => (await pod.RunAsync("nft", "list", "tables")).OrThrow().Output;

    private static bool IsOf(CapturedPacket packet, VirtualPod pod) =>
        new[] { packet.Source, packet.Destination }.Any(end => end is not null && (end.Address.Equals(pod.Address) || end.Address.Equals(pod.AddressV6)));
}
