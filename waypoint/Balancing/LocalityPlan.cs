using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Balancing;

/// <summary>Priorities and weights of endpoints by where they are and where we are (waypoint reference 2.3.1, locality). Pure.</summary>
internal static class LocalityPlan
{
    /// <summary>The endpoints with their priorities, compacted to 0..N, those without a share left out.</summary>
    public static Candidate[] Of(IReadOnlyList<Candidate> candidates, TrafficPolicy policy, LoadBalancing? service, Workload? self)
    {
        if (self is null || candidates.Count == 0)
        {
            return [.. candidates];
        }

        LocalityPolicy? own = policy.Locality;
        if (own is { Disabled: true })
        {
            return [.. candidates];
        }

        if (own?.Distribute.FirstOrDefault(rule => Matches(rule.From, self.Locality)) is { } share)
        {
            return Distribute(candidates, share);
        }

        bool isActive = policy.Outliers is not null || own is { Forced: true };
        if (own is not null && isActive)
        {
            return Compact(candidates, candidate => Priority(own, self, candidate.Workload));
        }

        if (own is null && service is { Preferences.Count: > 0, Mode: LoadBalancingMode.Failover or LoadBalancingMode.Strict })
        {
            Candidate[] preferred = Compact(candidates, candidate => ByLabels([.. service.Preferences.Select(Label)], self, candidate.Workload));
            return service.Mode == LoadBalancingMode.Failover ? preferred : Array.FindAll(preferred, candidate => service.Preferences.All(scope => Same(Label(scope), self, candidate.Workload)));
        }

        return isActive ? Compact(candidates, candidate => ByPlace(null, self.Locality, candidate.Workload.Locality)) : [.. candidates];
    }

    /// <summary>Whether a place is meant: <c>region/zone/subzone</c>, where a star is any rest.</summary>
    public static bool Matches(string pattern, Locality place)
    {
        string[] parts = pattern.Split('/');
        string[] actual = [place.Region, place.Zone, place.Subzone];
        for (int i = 0; i < Math.Min(parts.Length, 3); i++)
        {
            if (parts[i] == "*")
            {
                return true;
            }

            if (parts[i] != actual[i])
            {
                return false;
            }
        }

        return true;
    }

    private static int Priority(LocalityPolicy policy, Workload self, Workload endpoint)
    {
        int byPlace = ByPlace(policy.Failover, self.Locality, endpoint.Locality);
        return policy.PriorityLabels.Count == 0 ? byPlace
            : policy.Failover.Count == 0 ? ByLabels(policy.PriorityLabels, self, endpoint)
            : (ByLabels(policy.PriorityLabels, self, endpoint) * 5) + byPlace;
    }

    private static int ByPlace(IReadOnlyCollection<LocalityFailover>? failover, Locality self, Locality endpoint)
    {
        if (self.Region != endpoint.Region)
        {
            LocalityFailover? rule = failover?.FirstOrDefault(rule => rule.From == self.Region);
            return rule is null || rule.To == endpoint.Region ? 3 : 4;
        }

        return self.Zone != endpoint.Zone ? 2 : self.Subzone != endpoint.Subzone ? 1 : 0;
    }

    private static int ByLabels(IReadOnlyList<string> labels, Workload self, Workload endpoint)
    {
        int penalty = 0;
        for (int i = 0; i < labels.Count; i++)
        {
            if (Same(labels[i], self, endpoint))
            {
                continue;
            }

            if (i > 0 || labels[i] != "topology.istio.io/network")
            {
                return penalty + labels.Count - i;
            }

            penalty = labels.Count;
        }

        return penalty;
    }

    private static bool Same(string label, Workload self, Workload endpoint) => label switch
    {
        "topology.istio.io/network" => self.Network == endpoint.Network,
        "topology.istio.io/cluster" => self.ClusterId == endpoint.ClusterId,
        "topology.kubernetes.io/region" => self.Locality.Region == endpoint.Locality.Region,
        "topology.kubernetes.io/zone" => self.Locality.Zone == endpoint.Locality.Zone,
        "topology.istio.io/subzone" => self.Locality.Subzone == endpoint.Locality.Subzone,
        "kubernetes.io/hostname" => self.Node == endpoint.Node,
        _ => false,
    };

    private static string Label(RoutingScope scope) => scope switch
    {
        RoutingScope.Network => "topology.istio.io/network",
        RoutingScope.Cluster => "topology.istio.io/cluster",
        RoutingScope.Region => "topology.kubernetes.io/region",
        RoutingScope.Zone => "topology.kubernetes.io/zone",
        RoutingScope.Subzone => "topology.istio.io/subzone",
        _ => "kubernetes.io/hostname",
    };

    private static Candidate[] Compact(IReadOnlyList<Candidate> candidates, Func<Candidate, int> priority)
    {
        int[] raw = [.. candidates.Select(priority)];
        int[] levels = [.. raw.Distinct().Order()];
        return [.. candidates.Select((candidate, i) => candidate with { Priority = Array.IndexOf(levels, raw[i]) })];
    }

    // Weights belong to places, and are shared by those who are there.
    private static Candidate[] Distribute(IReadOnlyList<Candidate> candidates, LocalityShare share)
    {
        string[] places = [.. share.To.Keys.OrderByDescending(place => place.TrimEnd('*', '/').Count(c => c == '/')).ThenByDescending(place => place.Length)];
        (Candidate Candidate, string? Place)[] sorted = [.. candidates.Select(candidate => (candidate, Array.Find(places, place => Matches(place, candidate.Workload.Locality))))];
        Dictionary<string, int> counts = sorted.Where(entry => entry.Place is not null).CountBy(entry => entry.Place!).ToDictionary();
        return [.. sorted.Where(entry => entry.Place is not null && share.To[entry.Place] > 0).Select(entry => entry.Candidate with { Weight = entry.Candidate.Weight * share.To[entry.Place!] / counts[entry.Place!] })];
    }
}
