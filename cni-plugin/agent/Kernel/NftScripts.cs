using Ambient.Linux.Namespaces;
using Ambient.Linux.Tools;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>Loads nft scripts, in a namespace or in the agent's own. Thread-safe.</summary>
internal static class NftScripts
{
    /// <summary>Loads a script, whole or not at all; null on success, else what is wrong.</summary>
    public static async Task<string?> LoadAsync(NetworkNamespace? network, string script, CancellationToken cancellation)
    {
        ToolResult result = await NetworkTools.RunAsync(network, ["nft", "-f", "-"], script, cancellation);
        return result.Succeeded ? null : result.Complaint;
    }
}
