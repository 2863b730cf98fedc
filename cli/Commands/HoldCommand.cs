using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Topology.Networks;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl sandbox hold RUN</c>: agent and supervisor of a sandbox that the demo left running, until a signal.</summary>
internal static class HoldCommand
{
    /// <summary>Printed once both ztunnels serve their pods.</summary>
    public const string Ready = "sandbox is held";

    /// <summary>Of the programs of a node, on a machine that does much else as well; who started us waits longer than that.</summary>
    private static readonly TimeSpan Readiness = TimeSpan.FromSeconds(45);

    /// <summary>Runs until SIGTERM, then removes the sandbox.</summary>
    public static async Task<int> RunAsync(string runText)
    {
        if (!RunId.TryParse(runText, out RunId? run, out string part) || part.Length > 0 || run is null || run.Purpose != SandboxMesh.Purpose)
        {
            Console.Error.WriteLine("not a run of the sandbox: " + runText);
            return 2;
        }

        using var interrupt = new InterruptSource();
        await using SandboxMesh mesh = await SandboxMesh.AdoptAsync(run, SandboxState.Read(run.Directory), interrupt.Token);
        foreach (SandboxNode node in mesh.Nodes.Values)
        {
            await node.WaitReadyAsync(Readiness, interrupt.Token);
            await node.WaitPodsAsync(Readiness, interrupt.Token);
        }

        Console.Out.WriteLine(Ready);
        var ended = new TaskCompletionSource();
        await using (interrupt.Token.Register(ended.SetResult))
        {
            await ended.Task;
        }

        return 0;
    }
}
