using Ambient.Cni.Agent.Settings;

namespace Ambient.Cni.Agent.Installation;

/// <summary>The verb <c>uninstall</c>: takes everything of the agent off the node. Pods of the mesh stay as they are.</summary>
public static class Uninstaller
{
    /// <summary>Runs it; the exit code.</summary>
    public static async Task<int> RunAsync(AgentSettings settings, TextWriter errors)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(errors);
        IReadOnlyList<string> left = await NodeRemains.RemoveAsync(settings, CancellationToken.None);
        foreach (string error in left)
        {
            await errors.WriteLineAsync(error);
        }

        return left.Count == 0 ? 0 : 1;
    }
}
