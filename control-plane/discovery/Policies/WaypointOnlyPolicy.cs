using System.Security.Cryptography;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Protocol.Istio.Security;
using Ambient.Protocol.Istio.Workload;
using Google.Protobuf;

namespace Ambient.ControlPlane.Discovery.Policies;

/// <summary>
/// What a workload refuses because it has to come through a waypoint: a policy that any ztunnel enforces. Workloads of a cluster with the same ports and waypoints share it, for its
/// name is made of its content. Pure functions.
/// </summary>
internal static class WaypointOnlyPolicy
{
    internal const string Prefix = "ambient_require_waypoint_";

    /// <summary>The policy of a workload; null when it asks for nothing.</summary>
    /// <param name="workload">With its services and the ports that it has for them.</param>
    /// <param name="requirementOf">What a service asks for; null for one without waypoint.</param>
    /// <param name="own">Principals of the workload's own waypoint, when that is required; empty: nobody comes through it; null: it is not.</param>
    internal static Authorization? Of(Workload workload, Func<string, WaypointRequirement?> requirementOf, IReadOnlyList<string>? own)
    {
        SortedDictionary<uint, SortedSet<string>> byPort = [];
        SortedSet<uint> required = [];
        foreach ((string service, PortList ports) in workload.Services)
        {
            if (requirementOf(service) is not { } requirement)
            {
                continue;
            }

            foreach (Port port in ports.Ports)
            {
                // Services may share a port; each comes through its own waypoint.
                if (!byPort.TryGetValue(port.TargetPort, out SortedSet<string>? principals))
                {
                    byPort[port.TargetPort] = principals = new SortedSet<string>(StringComparer.Ordinal);
                }

                principals.UnionWith(requirement.Principals);
                if (requirement.IsRequired)
                {
                    required.Add(port.TargetPort);
                }
            }
        }

        List<Match> matches = [];
        foreach (IGrouping<string, uint> ports in required.GroupBy(port => string.Join(' ', byPort[port]), StringComparer.Ordinal))
        {
            matches.Add(new Match { DestinationPorts = { ports }, NotPrincipals = { byPort[ports.First()].Select(Exactly) } });
        }

        if (own is not null)
        {
            matches.Add(new Match { NotPrincipals = { own.Concat(byPort.Values.SelectMany(static principals => principals)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(Exactly) } });
        }

        if (matches.Count == 0)
        {
            return null;
        }

        Authorization policy = new() { Namespace = workload.Namespace, Scope = Scope.WorkloadSelector, Action = Protocol.Istio.Security.Action.Deny };
        policy.Rules.AddRange(matches.Select(ToRule));

        // Clusters are looked at one by one, so they share none.
        byte[] content = [.. System.Text.Encoding.UTF8.GetBytes(workload.ClusterId), 0, .. policy.ToByteArray()];
        policy.Name = Prefix + Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8));
        return policy;
    }

    /// <summary>A match without conditions never holds; a rule without clauses always does.</summary>
    private static Rule ToRule(Match match) => match.CalculateSize() == 0 ? new Rule() : new Rule { Clauses = { new Clause { Matches = { match } } } };

    private static StringMatch Exactly(string principal) => new() { Exact = principal };
}
