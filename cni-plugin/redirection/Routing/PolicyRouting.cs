using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Tools;
using Ambient.Cni.Redirection.Verification;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Redirection.Routing;

/// <summary>
/// Brings the routing rules and routes of a namespace to a plan. Each family is looked at by itself, and what is already there, or
/// already gone, is no error. Thread-safe.
/// </summary>
internal sealed class PolicyRouting(NetworkNamespace network, NamespaceTools tools)
{
    private static readonly RuleFamily[] Families = [RuleFamily.IPv4, RuleFamily.IPv6];

    /// <summary>Adds what is missing and removes what another plan left. Without <paramref name="capture"/> no connection is led to the proxy yet.</summary>
    public async Task ApplyAsync(RedirectionOptions options, bool capture, CancellationToken cancellation)
    {
        foreach (RuleFamily family in Families)
        {
            await BringAsync(PlanFor(options, family, capture), options, family, cancellation);
        }
    }

    public async Task RemoveAsync(RedirectionOptions options, CancellationToken cancellation)
    {
        foreach (RuleFamily family in Families)
        {
            await BringAsync(RoutingPlan.Nothing, options, family, cancellation);
        }
    }

    public async Task VerifyAsync(RedirectionOptions options, List<Difference> differences, CancellationToken cancellation)
    {
        foreach (RuleFamily family in Families)
        {
            string place = family == RuleFamily.IPv4 ? "routing ipv4" : "routing ipv6";
            RoutingPlan plan = PlanFor(options, family, capture: true);
            RoutingPlan all = RoutingPlan.Everything(options, family);
            (JsonDocument rules, JsonDocument routes) = await ReadBothAsync(family, cancellation);
            using JsonDocument heldRules = rules, heldRoutes = routes;
            foreach (RoutingRule rule in plan.Rules.Union(all.Rules).Union(SparedIn(rules, options)))
            {
                Note(plan.Rules.Contains(rule), Count(rules, rule.Is) > 0, "rule " + string.Join(' ', rule.Words));
            }

            foreach (RoutingRoute route in plan.Routes.Concat(all.Routes.Where(r => plan.Routes.All(p => p.Table != r.Table))))
            {
                Note(plan.Routes.Contains(route), Count(routes, route.Is) > 0, "route " + string.Join(' ', route.Words(Flag(family))));
            }

            void Note(bool wanted, bool found, string what)
            {
                if (wanted != found)
                {
                    differences.Add(new Difference(wanted ? DifferenceKind.Missing : DifferenceKind.Unexpected, place, what));
                }
            }
        }
    }

    private static string Flag(RuleFamily family) => family == RuleFamily.IPv4 ? "-4" : "-6";

    /// <summary>Reads once, then does all that is needed in one run of the tool; a second look settles what changed meanwhile.</summary>
    private async Task BringAsync(RoutingPlan plan, RedirectionOptions options, RuleFamily family, CancellationToken cancellation)
    {
        for (int attempt = 0; ; attempt++)
        {
            string steps = await StepsAsync(plan, options, family, cancellation);
            if (steps.Length == 0)
            {
                return;
            }

            ToolResult done = await tools.RunAsync("ip", [Flag(family), "-batch", "-"], steps, cancellation);
            if (done.Succeeded || attempt > 0)
            {
                done.OrThrow("cannot write the pod's routing (is its loopback up?)");
                return;
            }
        }
    }

    private async Task<string> StepsAsync(RoutingPlan plan, RedirectionOptions options, RuleFamily family, CancellationToken cancellation)
    {
        RoutingPlan all = RoutingPlan.Everything(options, family);
        (JsonDocument rules, JsonDocument routes) = await ReadBothAsync(family, cancellation);
        using JsonDocument heldRules = rules, heldRoutes = routes;
        var steps = new StringBuilder();
        foreach (RoutingRule rule in all.Rules.Concat(SparedIn(rules, options)).Where(r => !plan.Rules.Contains(r)))
        {
            for (int left = Count(rules, rule.Is); left > 0; left--)
            {
                steps.Append("rule del ").AppendJoin(' ', rule.Words).Append('\n');
            }
        }

        foreach (RoutingRoute route in plan.Routes.Where(r => Count(routes, r.Is) == 0))
        {
            steps.Append("route replace ").AppendJoin(' ', route.Words(Flag(family))).Append('\n');
        }

        foreach (RoutingRule rule in plan.Rules.Where(r => Count(rules, r.Is) == 0))
        {
            steps.Append("rule add ").AppendJoin(' ', rule.Words).Append('\n');
        }

        foreach (RoutingRoute route in all.Routes.Where(r => plan.Routes.All(p => p.Table != r.Table) && Count(routes, r.IsInItsPlace) > 0))
        {
            steps.Append("route del ").AppendJoin(' ', (route with { Source = null }).Words(Flag(family))).Append('\n');
        }

        return steps.ToString();
    }

    /// <summary>Rules and routes by one run of the tool; by two where it does not print two listings.</summary>
    private async Task<(JsonDocument Rules, JsonDocument Routes)> ReadBothAsync(RuleFamily family, CancellationToken cancellation)
    {
        ToolResult listed = await tools.RunAsync("ip", ["-N", "-j", Flag(family), "-batch", "-"], "rule list\nroute show table all\n", cancellation);
        return listed.Succeeded && TryReadTwo(listed.Output, out JsonDocument? rules, out JsonDocument? routes)
            ? (rules, routes)
            : (await ReadAsync(["rule", "list"], family, cancellation), await ReadAsync(["route", "show", "table", "all"], family, cancellation));
    }

    private static bool TryReadTwo(string text, [NotNullWhen(true)] out JsonDocument? first, [NotNullWhen(true)] out JsonDocument? second)
    {
        (first, second) = (null, null);
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), new JsonReaderOptions { AllowMultipleValues = true });
            if (reader.Read() && (first = JsonDocument.ParseValue(ref reader)) is not null && reader.Read())
            {
                second = JsonDocument.ParseValue(ref reader);
                return !reader.Read();
            }
        }
        catch (JsonException)
        {
            // Told apart below: whoever asks again asks for one at a time.
        }

        first?.Dispose();
        second?.Dispose();
        return false;
    }

    /// <summary>An `ip -j` listing. A kernel without IPv6 has none; iproute2 prints nothing at all for an empty list in some versions.</summary>
    private async Task<JsonDocument> ReadAsync(string[] what, RuleFamily family, CancellationToken cancellation)
    {
        ToolResult listed = await tools.RunAsync(["ip", "-N", "-j", Flag(family), .. what], cancellation);
        string json = !listed.Succeeded && family == RuleFamily.IPv6 ? "" : listed.OrThrow("cannot read the pod's routing").Output;
        try
        {
            return JsonDocument.Parse(string.IsNullOrWhiteSpace(json) ? "[]" : json);
        }
        catch (JsonException e)
        {
            throw new RedirectionException("`ip -j` printed something that is not JSON", e);
        }
    }

    /// <summary>Connections that an earlier plan spared, each once.</summary>
    private static IEnumerable<RoutingRule> SparedIn(JsonDocument rules, RedirectionOptions options) => rules.RootElement.ValueKind == JsonValueKind.Array
        ? [.. rules.RootElement.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object).Select(e => RoutingPlan.ReadSpared(e, options)).OfType<RoutingRule>().Distinct()]
        : [];

    private static int Count(JsonDocument listing, Func<JsonElement, bool> isOurs) => listing.RootElement.ValueKind == JsonValueKind.Array
        ? listing.RootElement.EnumerateArray().Count(e => e.ValueKind == JsonValueKind.Object && isOurs(e))
        : 0;

    private RoutingPlan PlanFor(RedirectionOptions options, RuleFamily family, bool capture) =>
        family == RuleFamily.IPv4 || (options.Ipv6 && network.Run(ReadLoopbackSwitch) != "1") ? RoutingPlan.For(options, family, capture) : RoutingPlan.Nothing;

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
