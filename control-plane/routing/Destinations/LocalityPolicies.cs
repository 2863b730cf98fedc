using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Destinations;

/// <summary>Preferences by place (waypoint reference 2.3.1). Pure.</summary>
internal static class LocalityPolicies
{
    private static readonly string[] Known =
    [
        "topology.istio.io/network",
        "topology.istio.io/cluster",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
        "topology.istio.io/subzone",
        "kubernetes.io/hostname",
    ];

    public static LocalityPolicy? Read(SpecReader balancing)
    {
        // Zone awareness works as if forced at waypoints, and comes before all else.
        if (balancing.Has("zoneAwareLbSetting"))
        {
            return new LocalityPolicy { Forced = true };
        }

        if (balancing.Object("localityLbSetting") is not { } setting)
        {
            return null;
        }

        LocalityPolicy policy = new() { Disabled = setting.Has("enabled") && !setting.Flag("enabled") };
        policy.Failover.AddRange(setting.Objects("failover").Select(rule => new LocalityFailover { From = rule.Text("from"), To = rule.Text("to") }));
        foreach (string label in setting.Texts("failoverPriority"))
        {
            if (Array.IndexOf(Known, label) >= 0)
            {
                policy.PriorityLabels.Add(label);
            }
            else
            {
                setting.Problems.Add(setting.Source, RoutingProblem.UnsupportedValue, $"{setting.Path}.failoverPriority: '{label}' is not supported: labels of topology are; it and what follows is left out");
                break;
            }
        }

        foreach (SpecReader rule in setting.Objects("distribute"))
        {
            LocalityShare share = new() { From = rule.Text("from") };
            if (rule.Object("to") is { } to)
            {
                foreach (string place in to.Keys)
                {
                    share.To[place] = to.Number(place) ?? 0;
                }
            }

            policy.Distribute.Add(share);
            rule.End();
        }

        setting.End();
        return policy;
    }
}
