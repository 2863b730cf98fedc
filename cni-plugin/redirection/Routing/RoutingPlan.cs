using System.Net;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Routing;

namespace Ambient.Cni.Redirection.Routing;

/// <summary>Rules and routes of one family. Immutable.</summary>
/// <param name="Rules">The rules that must be there.</param>
/// <param name="Routes">The routes that must be there.</param>
internal sealed record RoutingPlan(IReadOnlyList<RoutingRule> Rules, IReadOnlyList<RoutingRoute> Routes)
{
    private const int MainRule = 32766;
    private const ushort DnsPort = 53;

    /// <summary>No rule, no route.</summary>
    public static RoutingPlan Nothing { get; } = new([], []);

    /// <summary>
    /// The plan. Answers to foreign sources come back by loopback (cni-and-redirection.md 5.3); with <see cref="RedirectionMethod.Sockets"/> new
    /// connections go there too, but for those of the proxy, those that came from outside, and DNS, which is translated.
    /// </summary>
    /// <param name="options">What is wanted.</param>
    /// <param name="family">The family.</param>
    /// <param name="capture">False leaves out the rule that brings connections to the proxy: before its rules are there nobody would take them.</param>
    public static RoutingPlan For(RedirectionOptions options, RuleFamily family, bool capture)
    {
        var back = new RoutingRule(options.RulePreference, options.RoutingTable, options.ReturnMark);
        var way = new RoutingRoute(options.RoutingTable);
        IPAddress? own = options.AddressesOf(family).FirstOrDefault();
        if (options.Method != RedirectionMethod.Sockets || own is null)
        {
            return new RoutingPlan([back], [way]);
        }

        List<RoutingRule> rules =
        [
            new(options.RulePreference - 3, MainRule, options.ProxyRoute ?? options.ProxyMark, Jump: true),
            new(options.RulePreference - 2, MainRule, options.DirectMark, Jump: true),
            back,
        ];
        if (options.DnsCapture)
        {
            rules.Insert(2, new RoutingRule(options.RulePreference - 1, MainRule, LocalTcp: true, Port: DnsPort, Jump: true));
        }

        rules.InsertRange(0, options.Spared.Where(f => f.Family == family).Distinct().Select(f => RoutingRule.Spare(f, SparedPreference(options), MainRule)));
        if (capture)
        {
            rules.Add(new RoutingRule(options.RulePreference + 1, options.CaptureTable, LocalTcp: true));
        }

        return new RoutingPlan(rules, [way, new RoutingRoute(options.CaptureTable, own)]);
    }

    /// <summary>
    /// What remains for a pod that leaves while its proxy carries connections: they find their way, both ways, and no new one does. Translated ones need no
    /// more than the way back.
    /// </summary>
    public static RoutingPlan Ending(RedirectionOptions options, RuleFamily family, IReadOnlyList<Flow> carried)
    {
        var back = new RoutingRule(options.RulePreference, options.RoutingTable, options.ReturnMark);
        var way = new RoutingRoute(options.RoutingTable);
        IPAddress? own = options.AddressesOf(family).FirstOrDefault();
        return options.Method != RedirectionMethod.Sockets || own is null
            ? new RoutingPlan([back], [way])
            : new RoutingPlan([.. carried.Where(f => f.Family == family).Distinct().Select(f => RoutingRule.Carry(f, SparedPreference(options), options.CaptureTable)), back], [way, new RoutingRoute(options.CaptureTable, own)]);
    }

    /// <summary>The rule of a spared connection, whatever connection it is; null for any other rule.</summary>
    public static RoutingRule? ReadSpared(KernelRule found, RedirectionOptions options) => RoutingRule.ReadSpared(found, SparedPreference(options), MainRule);

    private static int SparedPreference(RedirectionOptions options) => options.RulePreference - 4;

    /// <summary>Everything that any set of these options' numbers may have left, the rule that captures first.</summary>
    public static RoutingPlan Everything(RedirectionOptions options, RuleFamily family)
    {
        RedirectionOptions all = options with { Method = RedirectionMethod.Sockets, Spared = [], DnsCapture = true, PodAddresses = [family == RuleFamily.IPv4 ? IPAddress.Loopback : IPAddress.IPv6Loopback] };
        RoutingPlan plan = For(all, family, capture: true);
        MaskedMark wellKnown = new RedirectionOptions().ProxyMark;
        RoutingRule[] others = [.. new[] { wellKnown, SecretMarks.Route }.Select(m => new RoutingRule(options.RulePreference - 3, MainRule, m, Jump: true)).Where(r => !plan.Rules.Contains(r))];
        return new RoutingPlan([.. plan.Rules.Reverse(), .. others], [.. plan.Routes.Select(r => r with { Source = null })]);
    }
}
