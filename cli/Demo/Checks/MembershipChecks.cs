using System.Globalization;
using System.Net.Sockets;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Cli.Sandbox.Observation;
using Ambient.Topology.Captures;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>Running pods come and go.</summary>
internal static class MembershipChecks
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    public static async Task RunningPodJoinsAndLeavesAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod outsider = mesh.Pod(SandboxLayout.Outsider), web = mesh.Pod(SandboxLayout.WebV1);
        SandboxNode node = mesh.Nodes[outsider.Plan.Node];
        using Socket held = await RedisSession.OpenAsync(outsider, mesh.Pod(SandboxLayout.Redis).Network.Address, cancellation);
        try
        {
            log.Did("outsider holds a connection to redis; its manifest gets the label istio.io/dataplane-mode: ambient, and nobody touches the pod");
            mesh.Label(outsider, "ambient");
            TimeSpan? joined = await Requests.UntilAsync(async () => (await ViewAsync())?.IsProven == true && IsKnownAsCaptured(), Deadline, cancellation);
            AgentPodView? view = await ViewAsync();
            string alive = await RedisSession.PingAsync(held, cancellation);
            log.Saw($"{After(joined)} it is in the mesh, proven from inside; its open connection: {alive}; the agent lists as spared: {(view is { Spared.Count: > 0 } ? string.Join(", ", view.Spared) : "nothing")}");
            log.Require(joined is not null, "it must join; the agent's log: " + node.Agent.LogTail());
            log.Require(alive == "+PONG", "joining must not cut an open connection");
            log.Require(view?.Spared.Count == 1, "the agent must list the connection that it spared");
            await OnlyTlsLeavesItAsync(mesh, log, outsider, web, cancellation);

            log.Did("the label becomes istio.io/dataplane-mode: none");
            mesh.Label(outsider, "none");
            TimeSpan? left = await Requests.UntilAsync(async () => (await TablesAsync(outsider)).Length == 0 && !IsKnownAsCaptured(), Deadline, cancellation);
            alive = await RedisSession.PingAsync(held, cancellation);
            CommandResult plain = await Requests.GetAsync(outsider, $"http://{web.Network.Address}:8080/");
            log.Saw($"{After(left)} nothing is left in its kernel; its open connection: {alive}; curl: {plain.Text}");
            log.Require(left is not null, "it must leave: " + await TablesAsync(outsider));
            log.Require(alive == "+PONG", "leaving must not cut an open connection");
            log.Require(plain.Succeeded, "it must reach others without the mesh again");
        }
        finally
        {
            mesh.Label(outsider, null);
        }

        async Task<AgentPodView?> ViewAsync() => (await node.PodsAsync(cancellation)).FirstOrDefault(p => p.Name == $"{outsider.Plan.Namespace}/{outsider.Plan.Name}");

        bool IsKnownAsCaptured() => mesh.Manifests.IsCaptured(outsider.Plan);
    }

    private static string After(TimeSpan? time) => time is null ? "never" : string.Create(CultureInfo.InvariantCulture, $"after {time.Value.TotalMilliseconds:0} ms");

    private static async Task<string> TablesAsync(SandboxPod pod) => (await pod.RunAsync("nft", "list", "tables")).OrThrow().Output;

    private static async Task OnlyTlsLeavesItAsync(SandboxMesh mesh, CheckLog log, SandboxPod outsider, SandboxPod web, CancellationToken cancellation)
    {
        SandboxNode destination = mesh.Nodes[web.Plan.Node];
        long mark = destination.Log.Mark();
        await using PacketCapture wire = await PacketCapture.StartAsync(mesh.FabricName, "bridge", mesh.Directory, "joined", "tcp");
        log.Did($"outsider: curl http://{web.Network.Address}:8080/ on the other node");
        CommandResult answer = await Requests.GetAsync(outsider, $"http://{web.Network.Address}:8080/");
        string? line = await destination.Log.FindAsync(mark, ["direction=\"inbound\"", $"src.identity=\"{outsider.Plan.Identity}\""], Deadline, cancellation);
        CapturedPacket[] packets = [.. (await wire.StopAsync()).Where(p => !mesh.ControlPlane.IsParty(p.Source, p.Destination))];
        CapturedPacket[] past = [.. packets.Where(p => !p.HasPort(15008))];
        log.Saw($"{answer.Text}; {packets.Length} packets between the nodes, {past.Length} of them past the tunnel; node1 saw {(line is null ? "nobody" : outsider.Plan.Identity)}");
        log.Require(answer.Succeeded && line is not null, "it must be answered, with its own identity");
        log.Require(packets.Length > 0 && past.Length == 0, "its new connections must travel in the tunnel");
    }
}
