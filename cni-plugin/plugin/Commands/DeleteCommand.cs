using Ambient.Cni.Enrolment.Wire;
using Ambient.Cni.Plugin.Agents;
using Ambient.Cni.Plugin.Protocol;

namespace Ambient.Cni.Plugin.Commands;

/// <summary>
/// DEL: the sandbox ends. The agent is told, so that it lets go at once, but its answer changes nothing and is waited for a moment only: it
/// also learns it from the pod's end. A DEL that failed would keep pods terminating.
/// </summary>
internal static class DeleteCommand
{
    /// <summary>Tells the agent when there is something to tell and somebody to tell it to.</summary>
    public static void Run(NetworkConfiguration configuration, CniEnvironment attachment, PluginTimings timings, TimeProvider time)
    {
        if (configuration.Leaves(attachment.Pod) || attachment.NetworkPath.Length == 0)
        {
            return;
        }

        PodArguments pod = attachment.Pod!;
        var message = new PluginMessage(attachment.NetworkPath, pod.Name, pod.Namespace, [], pod.Uid, GuardRaised: false, Asks: false);
        new AgentClient(Path.Combine(configuration.RunDirectory, PluginWire.SocketName), timings.Courtesy, TimeSpan.Zero, time)
            .Ask("POST", PluginWire.DeletePath, message.ToJson(), out _);
    }
}
