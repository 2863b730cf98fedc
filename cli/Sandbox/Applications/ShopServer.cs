using System.Globalization;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox.Applications;

/// <summary>A part of the bookshop.</summary>
internal sealed class ShopServer(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    : SandboxApplication(environment.TryGetValue("PORT", out string? port) && int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 9080)
{
    /// <inheritdoc/>
    protected override Task<ProcessPlan> PrepareAsync(VirtualPod pod, string directory, CancellationToken cancellation) => Task.FromResult(
        new ProcessPlan("bookshop", program, arguments)
        {
            NamespaceName = pod.NamespaceName,
            LogPath = Path.Combine(directory, "bookshop.log"),
            Environment = new Dictionary<string, string>(environment, StringComparer.Ordinal) { ["POD_NAME"] = pod.Name },
        });
}
