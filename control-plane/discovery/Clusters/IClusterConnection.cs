using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.Kubernetes.Watching;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>A connection to another cluster's API. Thread-safe; ended by disposal.</summary>
public interface IClusterConnection : IDisposable
{
    /// <summary>Its objects.</summary>
    IResourceSource Source { get; }

    /// <summary>Told what the feed sees of it.</summary>
    FeedObserver Observer { get; }

    /// <summary>What is wrong with it at the moment; null: nothing that is known.</summary>
    string? Trouble { get; }

    /// <summary>All of the cluster is known; from now on this connection speaks for it.</summary>
    void Join();

    /// <summary>It speaks for the cluster no more, at once.</summary>
    void Leave();
}
