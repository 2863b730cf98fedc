using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>
/// Another cluster as a part of the mesh. What is known first is all that it has, and takes the place of what an earlier connection to it knew, without a gap.
/// Thread-safe.
/// </summary>
/// <param name="merge">The mesh.</param>
/// <param name="cluster">The cluster's name.</param>
/// <param name="joining">Told before anything of it reaches the mesh.</param>
/// <param name="applied">Told of each change that has reached the mesh.</param>
internal sealed class RemoteSink(ClusterMerge merge, string cluster, Action joining, Action<ClusterUpdate> applied) : IMeshSink
{
    private readonly Lock _gate = new();
    private bool _isBegun;
    private bool _isEnded;

    /// <summary>Nothing of it reaches the mesh any more once this returns.</summary>
    internal void End()
    {
        lock (_gate)
        {
            _isEnded = true;
        }
    }

    /// <inheritdoc/>
    public int Apply(ClusterUpdate update, IReadOnlyList<ResourceChange> further)
    {
        if (!_isBegun)
        {
            // Outside of the lock: who is told ends the connection before this one, and may end this one.
            joining();
        }

        int count;
        lock (_gate)
        {
            if (_isEnded)
            {
                return 0;
            }

            count = merge.Apply(cluster, update, isWhole: !_isBegun);
            _isBegun = true;
        }

        applied(update);
        return count;
    }
}
