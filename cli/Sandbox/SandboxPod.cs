using Ambient.Cli.Sandbox.Model;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox;

/// <summary>A running pod. Immutable.</summary>
/// <param name="Plan">What the mesh knows of it.</param>
/// <param name="Network">Its namespace.</param>
/// <param name="Application">Its program; null for a pod that only asks.</param>
internal sealed record SandboxPod(PodPlan Plan, VirtualPod Network, RunningProcess? Application)
{
    /// <summary>Runs a program in the pod to its end.</summary>
    public Task<CommandResult> RunAsync(string program, params string[] arguments) => Command.RunInAsync(Network.NamespaceName, program, arguments);
}
