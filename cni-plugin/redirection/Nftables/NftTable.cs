using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Nftables;

/// <summary>What a kernel holds in our table. Immutable once read.</summary>
internal sealed class NftTable
{
    /// <summary>Names of all tables of family inet.</summary>
    public required IReadOnlyList<string> InetTables { get; init; }

    /// <summary>Flags of our table, such as dormant; empty when it has none.</summary>
    public required string Flags { get; init; }

    /// <summary>Base chain properties in one line, by chain name.</summary>
    public required IReadOnlyDictionary<string, string> Chains { get; init; }

    /// <summary>Rules in order, by chain name; table and hook of a rule follow from its chain.</summary>
    public required IReadOnlyDictionary<string, List<Rule>> Rules { get; init; }

    public bool Exists => InetTables.Contains(NftNames.Table, StringComparer.Ordinal);
}
