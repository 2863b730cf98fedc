using Ambient.Cni.Agent.Probes;
using Ambient.Cni.Agent.Settings;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Installation;

/// <summary>
/// What an agent leaves on its node, and its removal when it goes for good: the CNI entry and the plugin, the rules for probes, the files in its folders.
/// Rules of pods that are in the mesh stay, and so does what is written down of them: without a proxy they are closed, and another agent finds them.
/// </summary>
public static class NodeRemains
{
    /// <summary>Removes it; what could not be removed, empty when all is gone. No agent may run.</summary>
    public static async Task<IReadOnlyList<string>> RemoveAsync(AgentSettings settings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var errors = new List<string>();
        if (InstallerOptions.Of(settings) is { } options && new Installation(options).Remove() is { } error)
        {
            errors.Add(error);
        }

        try
        {
            using NetworkNamespace node = NetworkNamespace.Open(settings.HostRoot.Length > 0 ? settings.HostRoot + "/proc/1/ns/net" : "/proc/self/ns/net");
            if (ProbeChoice.Make(settings, node).Mode == ProbeMode.Translate && await NodeProbeRules.RemoveAsync(node, cancellation) is { } failure)
            {
                errors.Add(failure);
            }
        }
        catch (LinuxException unreachable)
        {
            errors.Add("the node's probe rules cannot be removed: " + unreachable.Message);
        }

        try
        {
            RemoveFiles(settings);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            errors.Add(failure.Message);
        }

        return errors;
    }

    /// <summary>How many pods are still in the mesh, as the agent wrote it down.</summary>
    public static int PodsOf(AgentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        string pods = PodsFolder(settings);
        return Directory.Exists(pods) ? Directory.GetFiles(pods).Length : 0;
    }

    private static string PodsFolder(AgentSettings settings) => Path.Combine(settings.RunDirectory, "pods");

    /// <summary>The folders themselves are mounted where the agent is a pod, and stay.</summary>
    private static void RemoveFiles(AgentSettings settings)
    {
        if (PodsOf(settings) == 0 && Directory.Exists(PodsFolder(settings)))
        {
            Directory.Delete(PodsFolder(settings));
        }

        foreach (string file in Directory.Exists(settings.RunDirectory) ? Directory.GetFiles(settings.RunDirectory, "*.sock") : [])
        {
            File.Delete(file);
        }

        // The agent's own socket there, and the last state of a ztunnel that the chart lets it keep beside it.
        if (Path.GetDirectoryName(settings.ZtunnelSocket) is { } folder && Directory.Exists(folder))
        {
            File.Delete(settings.ZtunnelSocket);
            foreach (string file in Directory.GetFiles(folder, "xds.snapshot*"))
            {
                File.Delete(file);
            }
        }
    }
}
