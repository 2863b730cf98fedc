using System.Collections.Concurrent;
using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.Kubernetes.Watching;

namespace Ambient.ControlPlane.Discovery.Tests.Clusters;

/// <summary>A connection that notes what becomes of it.</summary>
internal sealed class FakeConnection(string name, FakeSource source, ConcurrentQueue<string> notes) : FeedObserver, IClusterConnection
{
    public IResourceSource Source => source;

    public FeedObserver Observer => this;

    public string? Trouble { get; set; }

    public void Join() => notes.Enqueue("join " + name);

    public void Leave() => notes.Enqueue("leave " + name);

    public void Dispose() => notes.Enqueue("end " + name);
}
