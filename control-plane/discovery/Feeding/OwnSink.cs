using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>The control plane's own cluster as a part of a larger mesh. Thread-safe.</summary>
internal sealed class OwnSink(ClusterMerge merge) : IMeshSink
{
    public int Apply(ClusterUpdate update, IReadOnlyList<ResourceChange> further) => merge.ApplyOwn(update, further);
}
