using Ambient.Cni.Enrolment.Wire;
using Ambient.Cni.Plugin.Agents;
using Ambient.Cni.Plugin.Protocol;

namespace Ambient.Cni.Plugin.Commands;

/// <summary>
/// STATUS: whether an ADD could be served. A runtime that hears no starts no pod at all, so an agent that itself is a pod of this network must not be
/// waited for: it could never come back.
/// </summary>
internal static class StatusCommand
{
    /// <summary>Throws <see cref="CniException"/> when it could not.</summary>
    public static void Run(NetworkConfiguration configuration, PluginTimings timings, TimeProvider time)
    {
        if (!configuration.IsEnabled || !configuration.IsAgentOnHostNetwork)
        {
            return;
        }

        AgentAnswer? answer = new AgentClient(Path.Combine(configuration.RunDirectory, PluginWire.SocketName), timings.Courtesy, TimeSpan.Zero, time)
            .Ask("GET", PluginWire.HealthPath, [], out string? error);
        if (answer?.Status != 200)
        {
            throw new CniException(CniErrorCode.Unavailable, "no pod can start: " + (error ?? "the agent is not healthy: " + answer!.Text));
        }
    }
}
