using Ambient.Cni.Plugin.Protocol;
using Ambient.Cni.Plugin.Sandboxes;

namespace Ambient.Cni.Plugin.Commands;

/// <summary>CHECK: the sandbox must still be there and must not be held by its guard. What else could be wrong the agent finds and repairs by itself.</summary>
internal static class CheckCommand
{
    /// <summary>Throws <see cref="CniException"/> when it is not as it should be.</summary>
    public static void Run(NetworkConfiguration configuration, CniEnvironment attachment, ISandboxes sandboxes)
    {
        if (configuration.Previous is null)
        {
            throw NetworkConfiguration.Wrong("prevResult", "there, and CHECK needs it");
        }

        if (configuration.Leaves(attachment.Pod))
        {
            return;
        }

        using ISandbox sandbox = AddCommand.Open(attachment, sandboxes);
        if (sandbox.IsGuarded)
        {
            throw new CniException(
                CniErrorCode.Guarded,
                $"pod {attachment.Pod!.Namespace}/{attachment.Pod.Name} is held by its guard: its redirection is not proven, so nothing passes",
                "the node agent says why, in its log and in the pod's events");
        }
    }
}
