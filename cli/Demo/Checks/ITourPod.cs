using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>A pod that asks the bookshop, with the programs of this machine.</summary>
internal interface ITourPod
{
    /// <summary>Runs a program in the pod's network to its end.</summary>
    Task<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan? deadline = null);
}
