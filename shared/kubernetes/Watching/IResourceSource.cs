using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Watching;

/// <summary>Where resources come from: the Kubernetes API or a folder of manifests. Thread-safe.</summary>
public interface IResourceSource
{
    /// <summary>
    /// Tells the objects of a kind and what becomes of them, one event after the other, until cancelled. First a list, between
    /// <see cref="ResourceEventKind.ListBegins"/> and <see cref="ResourceEventKind.ListEnds"/>; what is not in it does not exist. Then changes; a new list
    /// may come at any time. The next event waits for <paramref name="tell"/>: who is slow slows the source down, and nothing piles up. Losing the
    /// connection is the source's own affair: what was told stays true until something else is told.
    /// </summary>
    Task RunAsync<T>(ResourceType<T> type, ResourceScope scope, Func<ResourceEvent<T>, ValueTask> tell, CancellationToken cancellation)
        where T : Resource;
}
