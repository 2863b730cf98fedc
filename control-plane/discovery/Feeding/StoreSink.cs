using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>The mesh is one cluster: everything is stored as it is. Thread-safe.</summary>
internal sealed class StoreSink(ResourceStore store) : IMeshSink
{
    public int Apply(ClusterUpdate update, IReadOnlyList<ResourceChange> further)
    {
        IReadOnlyList<ResourceChange> all = further.Count == 0 ? update.Changes : [.. update.Changes, .. further];
        return all.Count == 0 ? 0 : store.Apply(all);
    }
}
