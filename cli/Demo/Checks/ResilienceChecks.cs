using System.Globalization;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Topology.Captures;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>Things die.</summary>
internal static class ResilienceChecks
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    public static async Task KilledPodDropsOutAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        string url = $"http://{SandboxLayout.Web.Host}/";
        log.Did($"client: curl {url} again and again; SIGKILL everything in web-v1 and remove its namespace; its manifest goes as well");
        IReadOnlyList<string> before = await Requests.GetManyAsync(client, url, 12);
        await mesh.KillPodAsync(mesh.Pod(SandboxLayout.WebV1));

        // So many in a row are no luck: a request before the proxies know may still meet the dead pod.
        TimeSpan? settled = await Requests.UntilAsync(async () => (await Requests.GetManyAsync(client, url, 24)).Count == 24, Deadline, cancellation);
        IReadOnlyList<string> after = await Requests.GetManyAsync(client, url, 24);
        log.Saw($"before: {Requests.Tally(before)}; " + (settled is null ? "never settled" : string.Create(CultureInfo.InvariantCulture, $"settled after {settled.Value.TotalMilliseconds:0} ms")) + $"; after: {after.Count} of 24 answered, {Requests.Tally(after)}");
        log.Require(before.Any(a => a.StartsWith("web v1", StringComparison.Ordinal)), "web-v1 must have had its share before");
        log.Require(after.Count == 24 && after.All(a => a.StartsWith("web v2", StringComparison.Ordinal)), "every request must be answered by web-v2");

        log.Did("start web-v1 again");
        await mesh.StartPodAsync(SandboxLayout.WebV1, cancellation);
        TimeSpan? back = await Requests.UntilAsync(async () => (await Requests.GetManyAsync(client, url, 8)).Any(a => a.StartsWith("web v1", StringComparison.Ordinal)), Deadline, cancellation);
        log.Saw(back is null ? "it gets nothing" : string.Create(CultureInfo.InvariantCulture, $"it has its share again after {back.Value.TotalMilliseconds:0} ms"));
        log.Require(back is not null, "web-v1 must get requests again");
    }

    public static async Task KilledZtunnelComesBackAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        SandboxNode node = mesh.Nodes[client.Plan.Node];
        string url = $"http://{mesh.Pod(SandboxLayout.WebV2).Network.Address}:8080/";
        int process = node.Ztunnel.ProcessId;
        log.Require((await Requests.GetAsync(client, url)).Succeeded, "client must reach web-v2 first");

        await using PacketCapture wire = await PacketCapture.StartAsync(mesh.FabricName, "bridge", mesh.Directory, "gone", "tcp");
        log.Did($"SIGKILL node1's ztunnel (process {process}), hold its successor back, client: curl {url}");
        await node.Ztunnel.KillAsync(hold: true);
        CommandResult gone = await Requests.GetAsync(client, url);
        IReadOnlyList<CapturedPacket> leaked = [.. (await wire.StopAsync()).Where(p => !p.HasPort(15008) && !mesh.ControlPlane.IsParty(p.Source, p.Destination))];
        log.Saw($"while it is gone: {gone.Text}; {leaked.Count} packets past the tunnel");
        log.Require(!gone.Succeeded && leaked.Count == 0, "without a ztunnel nothing may leave the pod");

        log.Did("let the supervisor go on; nobody touches the pods");
        node.Ztunnel.Release();
        TimeSpan? back = await Requests.UntilAsync(async () => (await Requests.GetAsync(client, url)).Succeeded, Deadline, cancellation);
        log.Require(back is not null, "traffic must flow again; ztunnel's log: " + node.Ztunnel.LogTail());
        await node.WaitReadyAsync(Deadline, cancellation);
        IReadOnlyList<string> answers = await Requests.GetManyAsync(client, $"http://{SandboxLayout.Web.Host}/", 12);
        log.Saw(string.Create(CultureInfo.InvariantCulture, $"process {node.Ztunnel.ProcessId} serves the pods after {back.Value.TotalMilliseconds:0} ms; {answers.Count} of 12 answered, {Requests.Tally(answers)}"));
        log.Require(node.Ztunnel.ProcessId != process, "it must be a new process that took the pods from the agent");
        log.Require(answers.Count == 12, "every request must be answered");
    }
}
