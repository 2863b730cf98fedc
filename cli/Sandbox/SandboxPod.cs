using System.Net;
using Ambient.Cli.Sandbox.Model;
using Ambient.Topology.Containers;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox;

/// <summary>A running pod. Immutable.</summary>
/// <param name="Plan">What the mesh knows of it.</param>
/// <param name="Network">Its namespace.</param>
/// <param name="Application">Its program; null for a pod that only asks.</param>
internal sealed record SandboxPod(PodPlan Plan, VirtualPod Network, RunningProcess? Application)
{
    /// <summary>Its UID: another one each time it is started, the same when only its sandbox is made anew.</summary>
    public string Uid { get; init; } = IdOf(Plan, Network);

    /// <summary>Path of its network namespace.</summary>
    public string NetworkPath => "/run/netns/" + Network.NamespaceName;

    /// <summary>Both addresses.</summary>
    public IReadOnlyList<IPAddress> Addresses => [Network.Address, Network.AddressV6];

    /// <summary>As the container runtime names it.</summary>
    public ContainerSandbox Container => new(IdOf(Plan, Network), NetworkPath, Plan.Name, Plan.Namespace, Uid);

    /// <summary>Runs a program in the pod to its end.</summary>
    public Task<CommandResult> RunAsync(string program, params string[] arguments) => Command.RunInAsync(Network.NamespaceName, program, arguments);

    /// <summary>The UID of a pod's start.</summary>
    public static string IdOf(string podNamespace, string name, int number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{podNamespace}-{name}-{number}");

    private static string IdOf(PodPlan plan, VirtualPod network) => IdOf(plan.Namespace, plan.Name, network.Number);
}
