using System.Globalization;
using System.Net;
using System.Text;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Nftables;

/// <summary>Writes a rule set as one nft transaction: the table exists, is emptied and filled, or nothing changes. Thread-safe.</summary>
internal static class NftText
{
    /// <summary>The transaction; tables named in <paramref name="replaced"/> go in the same step.</summary>
    /// <param name="set">What to write.</param>
    /// <param name="replaced">Tables to delete; they must exist.</param>
    /// <param name="rebuild">Delete and make our own table instead of emptying it: for one whose chains are of another shape.</param>
    public static string Render(RuleSet set, IEnumerable<string> replaced, bool rebuild)
    {
        var text = new StringBuilder();
        text.Append("add table inet ").Append(NftNames.Table).Append('\n');
        text.Append(rebuild ? "delete" : "flush").Append(" table inet ").Append(NftNames.Table).Append('\n');
        if (rebuild)
        {
            text.Append("add table inet ").Append(NftNames.Table).Append('\n');
        }

        foreach ((RuleTable table, RuleHook hook) in NftNames.Chains)
        {
            text.Append(CultureInfo.InvariantCulture, $"add chain inet {NftNames.Table} {NftNames.ChainOf(table, hook)} ")
                .Append(CultureInfo.InvariantCulture, $"{{ type {NftNames.TypeOf(table, hook)} hook {NftNames.HookOf(hook)} priority {NftNames.PriorityOf(table)} ; policy accept ; }}\n");
        }

        foreach ((RuleTable table, RuleHook hook) in NftNames.Chains)
        {
            foreach (Rule rule in set.In(table, hook))
            {
                text.Append(CultureInfo.InvariantCulture, $"add rule inet {NftNames.Table} {NftNames.ChainOf(table, hook)}");
                Append(text, rule);
                text.Append('\n');
            }
        }

        foreach (string table in replaced)
        {
            text.Append("delete table inet ").Append(table).Append('\n');
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, Rule rule)
    {
        Append(text, "iifname", rule.InInterface, Quote);
        Append(text, "oifname", rule.OutInterface, Quote);
        if (rule.Family != RuleFamily.Any && rule.Source is null && rule.Destination is null)
        {
            text.Append(rule.Family == RuleFamily.IPv4 ? " meta nfproto ipv4" : " meta nfproto ipv6");
        }

        string? transport = rule.Transport switch { Transport.Tcp => "tcp", Transport.Udp => "udp", _ => null };
        if (transport is not null && rule.SourcePort is null && rule.DestinationPort is null && rule.Opening is null && !rule.BareReset)
        {
            text.Append(" meta l4proto ").Append(transport);
        }

        string ip = rule.Family == RuleFamily.IPv6 ? "ip6" : "ip";
        Append(text, ip + " saddr", rule.Source, AddressText);
        Append(text, ip + " daddr", rule.Destination, AddressText);
        Append(text, transport + " sport", rule.SourcePort, PortText);
        Append(text, transport + " dport", rule.DestinationPort, PortText);
        if (rule.Opening is bool opening)
        {
            text.Append(" tcp flags and (syn | ack) ").Append(opening ? "==" : "!=").Append(" syn");
        }

        if (rule.BareReset)
        {
            text.Append(CultureInfo.InvariantCulture, $" tcp flags and (syn | rst) == rst meta length {BareLength(rule.Family)}");
        }

        text.Append(rule.State switch { TrackedState.Established => " ct state established,related", TrackedState.Invalid => " ct state invalid", _ => "" });
        text.Append(rule.LocalDestination ? " fib daddr type local" : "");
        AppendMark(text, "meta mark", rule.Mark);
        AppendMark(text, "ct mark", rule.ConnectionMark);
        text.Append(" counter ").Append(ActionText(rule));
    }

    /// <summary>What a packet of nothing but headers without options measures.</summary>
    internal static int BareLength(RuleFamily family) => family == RuleFamily.IPv6 ? 60 : 40;

    private static void Append<T>(StringBuilder text, string selector, Match<T>? match, Func<T, string> show)
    {
        if (match is not null)
        {
            text.Append(' ').Append(selector).Append(match.Negated ? " != " : " ").Append(show(match.Value));
        }
    }

    private static void AppendMark(StringBuilder text, string selector, Match<MaskedMark>? match)
    {
        if (match is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $" {selector} and 0x{match.Value.Mask:x} {(match.Negated ? "!=" : "==")} 0x{match.Value.Value:x}");
        }
    }

    private static string ActionText(Rule rule) => rule.Action.Kind == RuleActionKind.Transparent
        ? string.Create(CultureInfo.InvariantCulture, $"tproxy {(rule.Family == RuleFamily.IPv6 ? "ip6" : "ip")} to :{rule.Action.Operand} accept")
        : ActionText(rule.Action);

    private static string ActionText(RuleAction action) => action.Kind switch
    {
        RuleActionKind.SetMark when action.Mark.Mask == uint.MaxValue => string.Create(CultureInfo.InvariantCulture, $"meta mark set 0x{action.Mark.Value:x}"),
        RuleActionKind.SetMark => string.Create(CultureInfo.InvariantCulture, $"meta mark set meta mark and 0x{~action.Mark.Mask:x} or 0x{action.Mark.Value:x}"),
        RuleActionKind.Reset => "reject with tcp reset",
        RuleActionKind.NoTrack => "notrack",
        RuleActionKind.Drop => "drop",
        RuleActionKind.Accept => "accept",
        RuleActionKind.Return => "return",
        RuleActionKind.Redirect => string.Create(CultureInfo.InvariantCulture, $"redirect to :{action.Operand}"),
        RuleActionKind.SetConnectionMark => string.Create(CultureInfo.InvariantCulture, $"ct mark set ct mark and 0x{~action.Mark.Mask:x} or 0x{action.Mark.Value:x}"),
        RuleActionKind.RestoreMark => "meta mark set ct mark",
        RuleActionKind.SetZone => string.Create(CultureInfo.InvariantCulture, $"ct zone set {action.Operand}"),
        _ => throw new InvalidOperationException("a rule without a known action cannot be written: " + action),
    };

    private static string Quote(InterfaceName name) => "\"" + name.Name + (name.IsPrefix ? "*" : "") + "\"";

    private static string AddressText(IPAddress address) => address.ToString();

    private static string PortText(ushort port) => port.ToString(CultureInfo.InvariantCulture);
}
