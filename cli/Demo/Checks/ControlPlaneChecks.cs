using System.Globalization;
using System.Net.Sockets;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>The control plane: a folder of manifests in, and nobody needs it to be there.</summary>
internal static class ControlPlaneChecks
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    public static async Task NobodyNeedsItAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        SandboxNode node = mesh.Nodes[client.Plan.Node];
        ProcessSupervisor plane = mesh.ControlPlane.Process;
        string url = $"http://{SandboxLayout.Web.Host}/";
        using Socket held = await RedisSession.OpenAsync(client, SandboxLayout.Cache.Address, cancellation);
        log.Did($"client holds a connection to redis; SIGKILL the control plane (process {plane.ProcessId}) and hold its successor back");
        await plane.KillAsync(hold: true);
        IReadOnlyList<string> answers = await Requests.GetManyAsync(client, url, 12);
        string alive = await RedisSession.PingAsync(held, cancellation);
        log.Saw($"open connection: {alive}; new connections: {answers.Count} of 12 answered, {Requests.Tally(answers)}");
        log.Require(alive == "+PONG" && answers.Count == 12, "connections, open and new, must not need the control plane");

        int process = node.Ztunnel.ProcessId;
        log.Did($"SIGKILL node1's ztunnel (process {process}) as well; its successor finds no control plane");
        long mark = node.Log.Mark();
        await node.Ztunnel.KillAsync(hold: false);
        string? line = await node.Log.FindAsync(mark, ["the last state that it sent is in force"], Deadline, cancellation);
        await node.WaitReadyAsync(Deadline, cancellation);
        CommandResult name = await client.RunAsync("dig", "+short", "+time=2", "A", SandboxLayout.Web.Host);
        CommandResult refused = await Requests.GetAsync(client, url);
        log.Saw($"{(line is null ? "it does not serve" : "it serves by the state on its disk")}: {SandboxLayout.Web.Host} is {name.Output.Trim()}; without a certificate it stays closed: {refused.Text}");
        log.Require(line is not null && name.Output.Trim() == SandboxLayout.Web.Address.ToString(), "the last state must be in force: " + node.Ztunnel.LogTail());

        PolicyManifest policy = PolicyManifest.DenyNamespace("no-jobs", SandboxLayout.Web.Namespace, SandboxLayout.Batch.Namespace);
        try
        {
            log.Did($"meanwhile manifests/{policy.File} is written: DENY namespace jobs; let the control plane's supervisor go on");
            mesh.Manifests.Apply(policy.File, policy.Text);
            plane.Release();
            TimeSpan? back = await Requests.UntilAsync(async () => (await Requests.GetAsync(client, url)).Succeeded, Deadline, cancellation);
            TimeSpan? followed = await Requests.UntilAsync(async () => !(await Requests.GetAsync(mesh.Pod(SandboxLayout.Batch), url)).Succeeded, Deadline, cancellation);
            log.Saw(string.Create(CultureInfo.InvariantCulture, $"client is answered {After(back)}, what was written meanwhile is in force {After(back + followed)}"));
            log.Require(back is not null && followed is not null, "a new control plane must be followed: " + plane.LogTail());
        }
        finally
        {
            mesh.Manifests.Delete(policy.File);
            plane.Release();
        }
    }

    private static string After(TimeSpan? time) => time is null ? "never" : string.Create(CultureInfo.InvariantCulture, $"after {time.Value.TotalMilliseconds:0} ms");
}
