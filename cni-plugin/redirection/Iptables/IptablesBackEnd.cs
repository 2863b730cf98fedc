using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Tools;
using Ambient.Cni.Redirection.Verification;
using Ambient.Linux.Tools;

namespace Ambient.Cni.Redirection.Iptables;

/// <summary>Keeps a rule set in chains of iptables and ip6tables, in one of their two variants. Thread-safe.</summary>
internal sealed class IptablesBackEnd(PodTools tools, bool legacy)
{
    private string Variant => legacy ? "legacy" : "nft";

    public async Task ApplyAsync(RuleSet set, CancellationToken cancellation)
    {
        await WriteAsync(set, RuleFamily.IPv4, cancellation);
        await WriteAsync(set.Options.Ipv6 ? set : null, RuleFamily.IPv6, cancellation);
    }

    public async Task VerifyAsync(RuleSet set, List<Difference> differences, CancellationToken cancellation)
    {
        await VerifyFamilyAsync(set, RuleFamily.IPv4, differences, cancellation);
        await VerifyFamilyAsync(set.Options.Ipv6 ? set : null, RuleFamily.IPv6, differences, cancellation);
    }

    private static IReadOnlyList<string> LegacyTables { get; } = ["/proc/thread-self/net/ip_tables_names", "/proc/thread-self/net/ip6_tables_names"];

    /// <summary>Removes our chains of both families; a variant that is not installed has none.</summary>
    public async Task RemoveAsync(CancellationToken cancellation)
    {
        // The same list by which the tool itself knows what to save: without a table there is no chain.
        if (legacy && !tools.Read(LegacyTables).Any(t => t.Length > 0))
        {
            return;
        }

        await WriteAsync(null, RuleFamily.IPv4, cancellation);
        await WriteAsync(null, RuleFamily.IPv6, cancellation);
    }

    private async Task WriteAsync(RuleSet? set, RuleFamily family, CancellationToken cancellation)
    {
        if (await ReadAsync(family, optional: set is null, cancellation) is not SavedRules current)
        {
            return;
        }

        string text = IptablesText.Render(set, family, current);
        if (text.Length == 0)
        {
            return;
        }

        // Legacy iptables holds one lock for the whole machine, in its own tool.
        string[] arguments = legacy ? ["--noflush", "--wait=30"] : ["--noflush"];
        ToolResult restored = await tools.RunAsync([ToolOf(family) + "-restore", .. arguments], text, cancellation);
        restored.OrThrow(set is null ? "cannot remove the pod's rules" : "cannot write the pod's rules");
    }

    private async Task VerifyFamilyAsync(RuleSet? set, RuleFamily family, List<Difference> differences, CancellationToken cancellation)
    {
        if (await ReadAsync(family, optional: set is null, cancellation) is not SavedRules current)
        {
            return;
        }

        string prefix = family == RuleFamily.IPv4 ? "iptables " : "ip6tables ";
        foreach (RuleTable table in IptablesNames.Tables)
        {
            string name = IptablesNames.TableOf(table);
            bool wanted = set is not null && IptablesText.IsWanted(set, table);
            foreach (RuleHook hook in IptablesNames.HooksOf(table))
            {
                if (wanted)
                {
                    Compare(prefix, set!, table, hook, family, current, differences);
                }
            }

            foreach ((string _, string chain) in current.Chains.Where(c => c.Table == name && c.Chain.StartsWith(IptablesNames.Prefix, StringComparison.Ordinal)))
            {
                if (!wanted || !IptablesNames.HooksOf(table).Any(h => IptablesNames.ChainOf(h) == chain))
                {
                    differences.Add(new Difference(DifferenceKind.Unexpected, prefix + name, "chain " + chain));
                }
            }
        }
    }

    private static void Compare(string prefix, RuleSet set, RuleTable table, RuleHook hook, RuleFamily family, SavedRules current, List<Difference> differences)
    {
        string name = IptablesNames.TableOf(table);
        string chain = IptablesNames.ChainOf(hook);
        string place = prefix + RuleComparison.PlaceOf(table, hook);
        if (!current.Has(name, chain))
        {
            differences.Add(new Difference(DifferenceKind.Missing, place, "chain " + chain));
            return;
        }

        int jumps = current.Jumps(name, IptablesNames.BuiltInOf(hook), chain);
        if (jumps != 1)
        {
            DifferenceKind kind = jumps == 0 ? DifferenceKind.Missing : DifferenceKind.Unexpected;
            differences.Add(new Difference(kind, place, $"jump from {IptablesNames.BuiltInOf(hook)} to {chain} (found {jumps})"));
        }

        Rule[] expected = [.. set.In(table, hook, family).Select(r => r with { Family = family })];
        Rule[] actual = [.. current.RulesOf(name, chain).Select(words => IptablesRuleReader.Read(table, hook, family, words))];
        RuleComparison.Compare(place, expected, actual, differences);
    }

    private async Task<SavedRules?> ReadAsync(RuleFamily family, bool optional, CancellationToken cancellation)
    {
        ToolResult saved = await tools.RunAsync([ToolOf(family) + "-save"], cancellation);
        if (optional && !saved.Succeeded)
        {
            // Not installed, or the kernel has no such tables: then there are no rules of ours in them.
            return null;
        }

        return SavedRules.Parse(saved.OrThrow("cannot read the pod's rules").Output);
    }

    private string ToolOf(RuleFamily family) => (family == RuleFamily.IPv4 ? "iptables-" : "ip6tables-") + Variant;
}
