using Ambient.Cni.Agent.Pods;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Where the pods of this node come from: the Kubernetes API or a folder of manifests. Thread-safe.</summary>
public interface IPodSource
{
    /// <summary>
    /// Tells namespaces and pods as they come and change, until cancelled; after everything was told once, <see cref="PodEvent.Synced"/>. Losing the
    /// connection to the source is its own affair: what was told stays true until something else is told.
    /// </summary>
    Task RunAsync(Func<PodEvent, ValueTask> tell, CancellationToken cancellation);

    /// <summary>Asks for one pod and its namespace now, past any cache. Failures are part of the answer.</summary>
    Task<PodEvent.LookedUp> LookUpAsync(PodCommand.LookUp question, CancellationToken cancellation);
}
