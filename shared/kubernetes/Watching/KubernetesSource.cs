using System.Collections.Concurrent;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Telemetry.Logging;

namespace Ambient.Kubernetes.Watching;

/// <summary>Resources of a Kubernetes API. Thread-safe.</summary>
public sealed class KubernetesSource(KubernetesClient client, WatchOptions options, TimeProvider time, Logger log) : IResourceSource
{
    private readonly ConcurrentDictionary<string, WatchCounters> _counters = new(StringComparer.Ordinal);

    /// <summary>The client that it reads with.</summary>
    public KubernetesClient Client => client;

    /// <summary>Counters by full name of the kind.</summary>
    public IReadOnlyDictionary<string, WatchCounters> Counters => _counters;

    /// <inheritdoc/>
    public Task RunAsync<T>(ResourceType<T> type, ResourceScope scope, Func<ResourceEvent<T>, ValueTask> tell, CancellationToken cancellation)
        where T : Resource
    {
        ArgumentNullException.ThrowIfNull(type);
        var parts = new WatchParts(client, options, time, log, _counters.GetOrAdd(type.FullName, static _ => new WatchCounters()));
        return new ResourceWatch<T>(type, scope, parts, tell).RunAsync(cancellation);
    }
}
