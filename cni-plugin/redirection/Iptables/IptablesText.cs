using System.Globalization;
using System.Net;
using System.Text;
using Ambient.Cni.Redirection.Nftables;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Iptables;

/// <summary>
/// Writes what <c>iptables-restore --noflush</c> must read to get from what a namespace holds to a rule set (or to nothing). Each
/// table is one commit: declaring an existing chain of ours empties it in the same step that fills it. Thread-safe.
/// </summary>
internal static class IptablesText
{
    /// <summary>The input for one family; empty when nothing has to change. A null set means: remove everything of ours.</summary>
    public static string Render(RuleSet? set, RuleFamily family, SavedRules current)
    {
        var text = new StringBuilder();
        foreach (RuleTable table in IptablesNames.Tables)
        {
            bool wanted = set is not null && IsWanted(set, table);
            var body = new StringBuilder();
            if (wanted)
            {
                Fill(body, set!, table, family, current);
            }

            Clear(body, table, current, keep: wanted);
            if (body.Length > 0)
            {
                text.Append('*').Append(IptablesNames.TableOf(table)).Append('\n').Append(body).Append("COMMIT\n");
            }
        }

        return text.ToString();
    }

    /// <summary>All, raw only when DNS is captured.</summary>
    public static bool IsWanted(RuleSet set, RuleTable table) => table != RuleTable.Raw || set.Options.DnsCapture;

    private static void Fill(StringBuilder body, RuleSet set, RuleTable table, RuleFamily family, SavedRules current)
    {
        foreach (RuleHook hook in IptablesNames.HooksOf(table))
        {
            body.Append(':').Append(IptablesNames.ChainOf(hook)).Append(" - [0:0]\n");
        }

        foreach (RuleHook hook in IptablesNames.HooksOf(table))
        {
            string chain = IptablesNames.ChainOf(hook);
            if (current.Jumps(IptablesNames.TableOf(table), IptablesNames.BuiltInOf(hook), chain) == 0)
            {
                body.Append("-A ").Append(IptablesNames.BuiltInOf(hook)).Append(" -j ").Append(chain).Append('\n');
            }

            foreach (Rule rule in set.In(table, hook, family))
            {
                body.Append("-A ").Append(chain);
                Append(body, rule);
                body.Append('\n');
            }
        }
    }

    /// <summary>Removes surplus jumps, and every chain of our name that is not wanted (those of older versions included).</summary>
    private static void Clear(StringBuilder body, RuleTable table, SavedRules current, bool keep)
    {
        string name = IptablesNames.TableOf(table);
        string[] own = [.. IptablesNames.HooksOf(table).Select(IptablesNames.ChainOf)];
        string[] doomed = [.. current.Chains.Where(c => c.Table == name && c.Chain.StartsWith(IptablesNames.Prefix, StringComparison.Ordinal) && IsPlainName(c.Chain)).Select(c => c.Chain).Where(c => !keep || !own.Contains(c)).Order(StringComparer.Ordinal)];
        foreach ((string _, string chain) in current.Chains.Where(c => c.Table == name && !c.Chain.StartsWith(IptablesNames.Prefix, StringComparison.Ordinal) && IsPlainName(c.Chain)).OrderBy(c => c.Chain, StringComparer.Ordinal))
        {
            foreach (string target in own.Concat(doomed).Distinct(StringComparer.Ordinal))
            {
                bool rightful = keep && IptablesNames.HooksOf(table).Any(h => IptablesNames.ChainOf(h) == target && IptablesNames.BuiltInOf(h) == chain);
                for (int surplus = current.Jumps(name, chain, target) - (rightful ? 1 : 0); surplus > 0; surplus--)
                {
                    body.Append("-D ").Append(chain).Append(" -j ").Append(target).Append('\n');
                }

                // Older versions asked something of the packet before they jumped.
                foreach (string[] words in current.RulesOf(name, chain).Where(r => r is [_, .., "-j", string to] && r.Length > 2 && to == target && r.All(IsPlainWord)))
                {
                    body.Append("-D ").Append(chain).Append(' ').AppendJoin(' ', words).Append('\n');
                }
            }
        }

        foreach (string chain in doomed)
        {
            body.Append("-F ").Append(chain).Append('\n');
        }

        foreach (string chain in doomed)
        {
            body.Append("-X ").Append(chain).Append('\n');
        }
    }

    /// <summary>Names come from the kernel's own listing, yet nothing unusual is ever written back.</summary>
    private static bool IsPlainName(string chain) => chain.Length <= 28 && chain.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    private static bool IsPlainWord(string word) => word == "!" || (word.Length is > 0 and <= 64 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':' or '/' or ','));

    private static void Append(StringBuilder text, Rule rule)
    {
        Append(text, "-i", rule.InInterface, n => n.ToString());
        Append(text, "-o", rule.OutInterface, n => n.ToString());
        Append(text, "-s", rule.Source, AddressText);
        Append(text, "-d", rule.Destination, AddressText);
        string? transport = rule.Transport switch { Transport.Tcp => "tcp", Transport.Udp => "udp", _ => null };
        if (transport is not null)
        {
            text.Append(" -p ").Append(transport);
        }

        if (rule.SourcePort is not null || rule.DestinationPort is not null)
        {
            text.Append(" -m ").Append(transport);
            Append(text, "--sport", rule.SourcePort, PortText);
            Append(text, "--dport", rule.DestinationPort, PortText);
        }

        if (rule.BareReset)
        {
            text.Append(CultureInfo.InvariantCulture, $" -m tcp --tcp-flags SYN,RST RST -m length --length {NftText.BareLength(rule.Family)}");
        }

        text.Append(rule.State switch { TrackedState.Established => " -m conntrack --ctstate RELATED,ESTABLISHED", TrackedState.Invalid => " -m conntrack --ctstate INVALID", _ => "" });
        AppendMark(text, "mark", rule.Mark);
        AppendMark(text, "connmark", rule.ConnectionMark);
        text.Append(" -j ").Append(ActionText(rule.Action));
    }

    private static void Append<T>(StringBuilder text, string option, Match<T>? match, Func<T, string> show)
    {
        if (match is not null)
        {
            text.Append(match.Negated ? " ! " : " ").Append(option).Append(' ').Append(show(match.Value));
        }
    }

    private static void AppendMark(StringBuilder text, string module, Match<MaskedMark>? match)
    {
        if (match is not null)
        {
            text.Append(" -m ").Append(module).Append(match.Negated ? " ! --mark " : " --mark ").Append(match.Value);
        }
    }

    private static string ActionText(RuleAction action) => action.Kind switch
    {
        RuleActionKind.Accept => "ACCEPT",
        RuleActionKind.Return => "RETURN",
        RuleActionKind.Drop => "DROP",
        RuleActionKind.Redirect => string.Create(CultureInfo.InvariantCulture, $"REDIRECT --to-ports {action.Operand}"),
        RuleActionKind.SetConnectionMark => "CONNMARK --set-xmark " + action.Mark,
        RuleActionKind.RestoreMark => "CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff",
        RuleActionKind.SetZone => string.Create(CultureInfo.InvariantCulture, $"CT --zone {action.Operand}"),
        _ => throw new InvalidOperationException("a rule without a known action cannot be written: " + action),
    };

    private static string AddressText(IPAddress address) => address + (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? "/32" : "/128");

    private static string PortText(ushort port) => port.ToString(CultureInfo.InvariantCulture);
}
