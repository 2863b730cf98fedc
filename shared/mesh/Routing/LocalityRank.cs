using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>How well an endpoint fits a client by a Service's preferences (ztunnel.md 3.6).</summary>
internal static class LocalityRank
{
    /// <summary>
    /// The number of preferences matched in order until the first mismatch. When the first one is the network, a mismatch
    /// there doesn't end the count and a match counts as much as all the others together and itself.
    /// </summary>
    /// <param name="preferences">What to compare.</param>
    /// <param name="source">The client.</param>
    /// <param name="candidate">The endpoint.</param>
    /// <param name="matched">The plain count, by which STRICT judges.</param>
    internal static int Of(IReadOnlyList<RoutingScope> preferences, Workload source, Workload candidate, out int matched)
    {
        int rank = 0;
        matched = 0;
        for (int i = 0; i < preferences.Count; i++)
        {
            bool isLeadingNetwork = i == 0 && preferences[i] == RoutingScope.Network;
            if (Matches(preferences[i], source, candidate))
            {
                matched++;
                rank += isLeadingNetwork ? preferences.Count : 1;
            }
            else if (!isLeadingNetwork)
            {
                break;
            }
        }

        return rank;
    }

    private static bool Matches(RoutingScope scope, Workload source, Workload candidate) => scope switch
    {
        RoutingScope.Region => source.Locality.Region == candidate.Locality.Region,
        RoutingScope.Zone => source.Locality.Zone == candidate.Locality.Zone,
        RoutingScope.Subzone => source.Locality.Subzone == candidate.Locality.Subzone,
        RoutingScope.Node => source.Node == candidate.Node,
        RoutingScope.Cluster => source.ClusterId == candidate.ClusterId,
        RoutingScope.Network => source.Network == candidate.Network,
        _ => false,
    };
}
