using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Verification;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Routing;

namespace Ambient.Cni.Redirection.Routing;

/// <summary>
/// Brings the routing rules and routes of a namespace to a plan. Each family is looked at by itself, and what is already there, or
/// already gone, is no error. Everything throws <see cref="RedirectionException"/>. Thread-safe.
/// </summary>
internal sealed class PolicyRouting(NetworkNamespace network)
{
    private static readonly RuleFamily[] Families = [RuleFamily.IPv4, RuleFamily.IPv6];

    /// <summary>Adds what is missing and removes what another plan left. Without <paramref name="capture"/> no connection is led to the proxy yet.</summary>
    public void Apply(RedirectionOptions options, bool capture)
    {
        // A pod that comes back while its proxy still carries connections: their rules go when the one for all connections is there.
        bool isRouted = options.Method == RedirectionMethod.Sockets;
        Bring(family => PlanFor(options, family, capture), options, keepsCarried: isRouted);
        if (isRouted && capture)
        {
            Bring(family => PlanFor(options, family, capture), options, keepsCarried: false);
        }
    }

    /// <summary>New connections go their own way, those that the proxy carries go on: what they need is added before what captures goes.</summary>
    public void End(RedirectionOptions options, IReadOnlyList<Flow> carried)
    {
        Guarded("cannot write the pod's routing", () =>
        {
            using var tables = new RoutingTables(network);
            foreach (RuleFamily family in Families)
            {
                RoutingPlan plan = IsRouted(options, family) ? RoutingPlan.Ending(options, family, carried) : RoutingPlan.Nothing;
                IReadOnlyList<KernelRule> rules = tables.Rules(family == RuleFamily.IPv6);
                IReadOnlyList<KernelRoute> routes = tables.LocalRoutes(family == RuleFamily.IPv6);
                foreach (RoutingRoute route in plan.Routes.Where(r => !routes.Any(r.Is)))
                {
                    tables.Replace(route.ToKernel(family));
                }

                foreach (RoutingRule rule in plan.Rules.Where(r => Count(rules, r, family) == 0))
                {
                    tables.Add(rule.ToKernel(family));
                }

                Bring(tables, plan, family, options, keepsCarried: false);
            }
        });
    }

    /// <summary>Removes whatever any plan left.</summary>
    public void Remove(RedirectionOptions options) => Bring(_ => RoutingPlan.Nothing, options, keepsCarried: false);

    /// <summary>Connections that rules in the kernel spare, whoever made them.</summary>
    public IReadOnlyList<Flow> Spared(RedirectionOptions options)
    {
        List<Flow> flows = [];
        Guarded("cannot read the pod's routing", () =>
        {
            using var tables = new RoutingTables(network);
            flows.AddRange(Families.SelectMany(f => SparedIn(tables.Rules(f == RuleFamily.IPv6), options)).Where(r => r.Jump).Select(r => r.Flow).OfType<Flow>());
        });
        return flows;
    }

    /// <summary>Adds what differs.</summary>
    public void Verify(RedirectionOptions options, List<Difference> differences)
    {
        Guarded("cannot read the pod's routing", () =>
        {
            using var tables = new RoutingTables(network);
            foreach (RuleFamily family in Families)
            {
                Verify(tables, family, options, differences);
            }
        });
    }

    private static void Guarded(string what, Action work)
    {
        try
        {
            work();
        }
        catch (LinuxException e)
        {
            throw new RedirectionException(what + ": " + e.Message, e);
        }
    }

    private static string Flag(RuleFamily family) => family == RuleFamily.IPv4 ? "-4" : "-6";

    private static IEnumerable<RoutingRule> SparedIn(IEnumerable<KernelRule> rules, RedirectionOptions options) =>
        [.. rules.Select(r => RoutingPlan.ReadSpared(r, options)).OfType<RoutingRule>().Distinct()];

    private static int Count(IEnumerable<KernelRule> rules, RoutingRule rule, RuleFamily family)
    {
        KernelRule wanted = rule.ToKernel(family);
        return rules.Count(wanted.Equals);
    }

    private void Verify(RoutingTables tables, RuleFamily family, RedirectionOptions options, List<Difference> differences)
    {
        string place = family == RuleFamily.IPv4 ? "routing ipv4" : "routing ipv6";
        RoutingPlan plan = PlanFor(options, family, capture: true);
        RoutingPlan all = RoutingPlan.Everything(options, family);
        IReadOnlyList<KernelRule> rules = tables.Rules(family == RuleFamily.IPv6);
        IReadOnlyList<KernelRoute> routes = tables.LocalRoutes(family == RuleFamily.IPv6);
        foreach (RoutingRule rule in plan.Rules.Union(all.Rules).Union(SparedIn(rules, options)))
        {
            Note(plan.Rules.Contains(rule), Count(rules, rule, family) > 0, "rule " + string.Join(' ', rule.Words));
        }

        foreach (RoutingRoute route in plan.Routes.Concat(all.Routes.Where(r => plan.Routes.All(p => p.Table != r.Table))))
        {
            Note(plan.Routes.Contains(route), routes.Any(route.Is), "route " + string.Join(' ', route.Words(Flag(family))));
        }

        void Note(bool wanted, bool found, string what)
        {
            if (wanted != found)
            {
                differences.Add(new Difference(wanted ? DifferenceKind.Missing : DifferenceKind.Unexpected, place, what));
            }
        }
    }

    private void Bring(Func<RuleFamily, RoutingPlan> planFor, RedirectionOptions options, bool keepsCarried)
    {
        Guarded("cannot write the pod's routing (is its loopback up?)", () =>
        {
            using var tables = new RoutingTables(network);
            foreach (RuleFamily family in Families)
            {
                Bring(tables, planFor(family), family, options, keepsCarried);
            }
        });
    }

    private static void Bring(RoutingTables tables, RoutingPlan plan, RuleFamily family, RedirectionOptions options, bool keepsCarried)
    {
        RoutingPlan all = RoutingPlan.Everything(options, family);
        IReadOnlyList<KernelRule> rules = tables.Rules(family == RuleFamily.IPv6);
        IReadOnlyList<KernelRoute> routes = tables.LocalRoutes(family == RuleFamily.IPv6);

        // What captures goes first and comes last: never does a connection lead to where nobody takes it.
        foreach (RoutingRule rule in all.Rules.Concat(SparedIn(rules, options).Where(r => r.Jump || !keepsCarried)).Where(r => !plan.Rules.Contains(r)))
        {
            for (int left = Count(rules, rule, family); left > 0; left--)
            {
                tables.Remove(rule.ToKernel(family));
            }
        }

        foreach (RoutingRoute route in plan.Routes.Where(r => !routes.Any(r.Is)))
        {
            tables.Replace(route.ToKernel(family));
        }

        foreach (RoutingRule rule in plan.Rules.Where(r => Count(rules, r, family) == 0))
        {
            tables.Add(rule.ToKernel(family));
        }

        foreach (RoutingRoute route in all.Routes.Where(r => !keepsCarried && plan.Routes.All(p => p.Table != r.Table) && routes.Any(r.IsInItsPlace)))
        {
            tables.Remove((route with { Source = null }).ToKernel(family));
        }
    }

    private RoutingPlan PlanFor(RedirectionOptions options, RuleFamily family, bool capture) =>
        IsRouted(options, family) ? RoutingPlan.For(options, family, capture) : RoutingPlan.Nothing;

    private bool IsRouted(RedirectionOptions options, RuleFamily family) => family == RuleFamily.IPv4 || (options.Ipv6 && network.Run(ReadLoopbackSwitch) != "1");

    private static string ReadLoopbackSwitch()
    {
        try
        {
            return File.ReadAllText("/proc/sys/net/ipv6/conf/lo/disable_ipv6").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "1";
        }
    }
}
