namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>The endpoints of a service in other clusters. Not thread-safe.</summary>
internal sealed class ServiceMembers
{
    /// <summary>Those on our own network, by cluster and uid.</summary>
    internal HashSet<(string Cluster, string Uid)> Near { get; } = [];

    /// <summary>Those on other networks, counted for each.</summary>
    internal SortedDictionary<string, NetworkTally> Far { get; } = new(StringComparer.Ordinal);

    internal bool IsEmpty => Near.Count == 0 && Far.Count == 0;
}
