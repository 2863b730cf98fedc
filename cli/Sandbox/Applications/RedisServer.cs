using System.Globalization;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox.Applications;

/// <summary>Redis without persistence.</summary>
internal sealed class RedisServer() : SandboxApplication(6379)
{
    /// <inheritdoc/>
    protected override Task<ProcessPlan> PrepareAsync(VirtualPod pod, string directory, CancellationToken cancellation) => Task.FromResult(
        new ProcessPlan("redis", "redis-server", "--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "0.0.0.0", "::", "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", directory)
        {
            NamespaceName = pod.NamespaceName,
            LogPath = Path.Combine(directory, "redis.log"),
        });
}
