using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>Where a feed's changes go. Called by one thread at a time.</summary>
internal interface IMeshSink
{
    /// <summary>Stores what changed as one step; how many resources are different.</summary>
    int Apply(ClusterUpdate update, IReadOnlyList<ResourceChange> further);
}
