using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Tools;

namespace Ambient.Cni.Redirection.Tools;

/// <summary>nft, iptables and files of the kernel inside one network namespace. Everything throws <see cref="RedirectionException"/>. Thread-safe.</summary>
internal sealed class PodTools(NetworkNamespace network)
{
    /// <summary>Runs a tool (first word) to its end; what it says of its work, and that it is not installed, is the result.</summary>
    public async Task<ToolResult> RunAsync(string[] words, string? input, CancellationToken cancellation)
    {
        ToolResult result = await NetworkTools.RunAsync(network, words, input, cancellation);

        // Of a tool that could not do its work nothing may be concluded.
        return result.ExitCode == ToolResult.NotRun ? throw new RedirectionException(result.Complaint) : result;
    }

    /// <summary>Runs a tool without input.</summary>
    public Task<ToolResult> RunAsync(string[] words, CancellationToken cancellation) => RunAsync(words, null, cancellation);

    /// <summary>Contents of files as a thread inside the namespace sees them; empty for one that is not there.</summary>
    public IReadOnlyList<string> Read(IReadOnlyList<string> paths)
    {
        try
        {
            return network.Run(() => paths.Select(p => File.Exists(p) ? File.ReadAllText(p).Trim() : "").ToArray());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LinuxException)
        {
            throw new RedirectionException("cannot read the pod's kernel: " + e.Message, e);
        }
    }
}
