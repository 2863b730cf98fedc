using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Nftables;

/// <summary>Reads the output of <c>nft -j list tables</c> and <c>nft -j list table</c>. Never throws on what it is given.</summary>
internal static class NftListing
{
    public static bool TryReadTableNames(string json, [NotNullWhen(true)] out List<string>? names)
    {
        names = null;
        if (!TryObjects(json, out JsonDocument? document, out JsonElement objects))
        {
            return false;
        }

        using (document)
        {
            names = [];
            foreach (JsonElement entry in objects.EnumerateArray())
            {
                if (TryGet(entry, "table", out JsonElement table) && Text(table, "family") == "inet" && Text(table, "name") is string name)
                {
                    names.Add(name);
                }
            }
        }

        return true;
    }

    /// <summary>Whether a listing of tables holds any that iptables on nf_tables keeps its rules in; true also for what cannot be read.</summary>
    public static bool MayHoldIptables(string json)
    {
        if (!TryObjects(json, out JsonDocument? document, out JsonElement objects))
        {
            return true;
        }

        using (document)
        {
            return objects.EnumerateArray().Any(e => TryGet(e, "table", out JsonElement table) && Text(table, "family") is "ip" or "ip6");
        }
    }

    /// <summary>Reads our table; tables of other names in the listing are ignored.</summary>
    public static bool TryReadTable(string json, IReadOnlyList<string> inetTables, [NotNullWhen(true)] out NftTable? table)
    {
        table = null;
        if (!TryObjects(json, out JsonDocument? document, out JsonElement objects))
        {
            return false;
        }

        using (document)
        {
            var chains = new SortedDictionary<string, string>(StringComparer.Ordinal);
            var rules = new Dictionary<string, List<Rule>>(StringComparer.Ordinal);
            string flags = "";
            foreach (JsonElement entry in objects.EnumerateArray())
            {
                if (TryGet(entry, "table", out JsonElement head) && Text(head, "name") == NftNames.Table)
                {
                    flags = TryGet(head, "flags", out JsonElement found) ? found.GetRawText() : "";
                }
                else if (TryGet(entry, "chain", out JsonElement chain) && Text(chain, "table") == NftNames.Table && Text(chain, "name") is string name)
                {
                    chains[name] = Describe(chain);
                }
                else if (TryGet(entry, "rule", out JsonElement rule) && Text(rule, "table") == NftNames.Table && Text(rule, "chain") is string owner)
                {
                    (RuleTable stage, RuleHook hook) = NftNames.Chains.FirstOrDefault(c => NftNames.ChainOf(c.Table, c.Hook) == owner);
                    if (!rules.TryGetValue(owner, out List<Rule>? list))
                    {
                        rules[owner] = list = [];
                    }

                    list.Add(NftRuleReader.Read(stage, hook, TryGet(rule, "expr", out JsonElement expressions) ? expressions : default));
                }
            }

            table = new NftTable { InetTables = inetTables, Flags = flags, Chains = chains, Rules = rules };
        }

        return true;
    }

    public static string Describe(string type, string hook, int priority) =>
        string.Create(CultureInfo.InvariantCulture, $"type {type} hook {hook} priority {priority} policy accept");

    private static string Describe(JsonElement chain) =>
        Text(chain, "type") is string type && Text(chain, "hook") is string hook && TryGet(chain, "prio", out JsonElement priority)
            ? $"type {type} hook {hook} priority {priority.GetRawText()} policy {Text(chain, "policy")}"
            : "no hook";

    private static bool TryObjects(string json, [NotNullWhen(true)] out JsonDocument? document, out JsonElement objects)
    {
        objects = default;
        document = null;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            return false;
        }

        if (TryGet(document.RootElement, "nftables", out objects) && objects.ValueKind == JsonValueKind.Array)
        {
            return true;
        }

        document.Dispose();
        document = null;
        return false;
    }

    private static bool TryGet(JsonElement element, string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value);
    }

    private static string? Text(JsonElement element, string name) =>
        TryGet(element, name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
