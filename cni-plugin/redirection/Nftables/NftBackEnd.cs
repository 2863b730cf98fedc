using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Tools;
using Ambient.Cni.Redirection.Verification;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;
using Ambient.Linux.Tools;

namespace Ambient.Cni.Redirection.Nftables;

/// <summary>Keeps a rule set in one nftables table of a namespace. Thread-safe.</summary>
internal sealed class NftBackEnd(PodTools tools, NetworkNamespace network)
{
    private static readonly NftVerified Verified = new();

    /// <summary>Writes the rules; returns whether the namespace may hold rules of iptables on nf_tables as well.</summary>
    public async Task<bool> ApplyAsync(RuleSet set, CancellationToken cancellation)
    {
        ToolResult before = (await tools.RunAsync(["nft", "-j", "list", "tables"], cancellation)).OrThrow("cannot list nftables");
        List<string> tables = Names(before);
        string[] replaced = [.. NftNames.UpstreamTables.Where(tables.Contains)];
        bool isThere = tables.Contains(NftNames.Table);

        // A table of another shape (an older version's, or somebody's) cannot be filled: it is replaced, still in one step.
        bool rebuild = isThere && IsOfAnotherShape(await ReadAsync(cancellation));
        ToolResult loaded = await LoadAsync(NftText.Render(set, replaced, rebuild), cancellation);
        if (!loaded.Succeeded && isThere && !rebuild)
        {
            loaded = await LoadAsync(NftText.Render(set, replaced, rebuild: true), cancellation);
        }

        loaded.OrThrow("cannot write the pod's rules");
        return NftListing.MayHoldIptables(before.Output);
    }

    /// <summary>Whether our table is there without the chain that has the last word, as versions before that chain wrote it. Throws <see cref="RedirectionException"/>.</summary>
    public bool LacksExit()
    {
        try
        {
            string exit = $"chain {NftNames.ChainOf(RuleTable.Filter, RuleHook.Output)} ";
            return NftContent.Read(network, NftFamily.Inet, NftNames.Table) is { } held && !held.Lines.Any(l => l.StartsWith(exit, StringComparison.Ordinal));
        }
        catch (LinuxException e)
        {
            throw new RedirectionException("cannot read the pod's rules: " + e.Message, e);
        }
    }

    /// <summary>Adds what differs; returns the names of all inet tables that are there.</summary>
    public async Task<IReadOnlyList<string>> VerifyAsync(RuleSet set, List<Difference> differences, CancellationToken cancellation)
    {
        byte[]? held = Snapshot();
        string key = held is null ? "" : NftVerified.KeyOf(set, held);
        if (held is not null && Verified.Find(key) is { } tables)
        {
            return tables;
        }

        int before = differences.Count;
        IReadOnlyList<string> read = await ReadAndCompareAsync(set, differences, cancellation);

        // What was read lies between two equal looks, so it is what those saw.
        if (held is not null && differences.Count == before && Snapshot() is { } after && after.AsSpan().SequenceEqual(held))
        {
            Verified.Add(key, read);
        }

        return read;
    }

    private byte[]? Snapshot()
    {
        try
        {
            return NftSnapshot.TryRead(network);
        }
        catch (LinuxException)
        {
            // Whoever reads in full says what is wrong.
            return null;
        }
    }

    private async Task<IReadOnlyList<string>> ReadAndCompareAsync(RuleSet set, List<Difference> differences, CancellationToken cancellation)
    {
        NftTable table = await ReadAsync(cancellation);
        foreach (string upstream in table.InetTables.Where(t => NftNames.UpstreamTables.Contains(t)))
        {
            differences.Add(new Difference(DifferenceKind.Unexpected, "nftables", "table inet " + upstream));
        }

        if (!table.Exists)
        {
            differences.Add(new Difference(DifferenceKind.Missing, "nftables", "table inet " + NftNames.Table));
            return table.InetTables;
        }

        if (table.Flags.Length > 0)
        {
            differences.Add(new Difference(DifferenceKind.Unexpected, "nftables", "flags on the table: " + table.Flags));
        }

        var unknown = new HashSet<string>(table.Chains.Keys, StringComparer.Ordinal);
        foreach ((RuleTable stage, RuleHook hook) in NftNames.Chains)
        {
            string name = NftNames.ChainOf(stage, hook);
            string place = RuleComparison.PlaceOf(stage, hook);
            unknown.Remove(name);
            string wanted = NftListing.Describe(NftNames.TypeOf(stage, hook), NftNames.HookOf(hook), NftNames.PriorityOf(stage));
            if (!table.Chains.TryGetValue(name, out string? found))
            {
                differences.Add(new Difference(DifferenceKind.Missing, place, "chain " + name));
                continue;
            }

            if (found != wanted)
            {
                differences.Add(new Difference(DifferenceKind.Missing, place, $"{wanted} (found: {found})"));
            }

            RuleComparison.Compare(place, set.In(stage, hook), table.Rules.TryGetValue(name, out List<Rule>? rules) ? rules : [], differences);
        }

        foreach (string name in unknown)
        {
            differences.Add(new Difference(DifferenceKind.Unexpected, "nftables", "chain " + name));
        }

        return table.InetTables;
    }

    /// <summary>Removes our table and upstream's; without nft there is nothing to remove. Whether the namespace may hold rules of iptables on nf_tables.</summary>
    public async Task<bool> RemoveAsync(CancellationToken cancellation)
    {
        ToolResult listed = await tools.RunAsync(["nft", "-j", "list", "tables"], cancellation);
        if (listed.ExitCode == ToolResult.NotInstalled)
        {
            return true;
        }

        List<string> tables = Names(listed.OrThrow("cannot list nftables"));
        string[] present = [.. NftNames.UpstreamTables.Append(NftNames.Table).Where(tables.Contains)];
        if (present.Length > 0)
        {
            // add before delete: a table that vanishes meanwhile is no error.
            string text = string.Concat(present.Select(t => $"add table inet {t}\ndelete table inet {t}\n"));
            (await LoadAsync(text, cancellation)).OrThrow("cannot remove the pod's rules");
        }

        return NftListing.MayHoldIptables(listed.Output);
    }

    private static bool IsOfAnotherShape(NftTable table) =>
        table.Flags.Length > 0 || table.Chains.Keys.Except(NftNames.Chains.Select(c => NftNames.ChainOf(c.Table, c.Hook)), StringComparer.Ordinal).Any();

    private async Task<NftTable> ReadAsync(CancellationToken cancellation)
    {
        // The whole family in one run: names of tables and the content of ours.
        ToolResult listed = (await tools.RunAsync(["nft", "-j", "list", "ruleset", "inet"], cancellation)).OrThrow("cannot read the pod's rules");
        List<string> tables = Names(listed);
        if (!tables.Contains(NftNames.Table))
        {
            return new NftTable { InetTables = tables, Flags = "", Chains = new Dictionary<string, string>(StringComparer.Ordinal), Rules = new Dictionary<string, List<Rule>>(StringComparer.Ordinal) };
        }

        return NftListing.TryReadTable(listed.Output, tables, out NftTable? table)
            ? table
            : throw new RedirectionException("`nft -j list ruleset` printed something that is not its JSON");
    }

    private static List<string> Names(ToolResult listed) => NftListing.TryReadTableNames(listed.Output, out List<string>? names)
        ? names
        : throw new RedirectionException("`nft -j` printed something that is not its JSON; nft must be built with JSON support");

    private Task<ToolResult> LoadAsync(string text, CancellationToken cancellation) => tools.RunAsync(["nft", "-f", "-"], text, cancellation);
}
