using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Nftables;

/// <summary>The fixed names and places of the nftables back end.</summary>
internal static class NftNames
{
    public const string Table = "ambient-redirection";

    /// <summary>Tables of upstream's node agent, replaced when a running pod is taken over (cni-and-redirection.md 5.9).</summary>
    public static readonly string[] UpstreamTables = ["istio-ambient-nat", "istio-ambient-mangle", "istio-ambient-raw"];

    public static IEnumerable<(RuleTable Table, RuleHook Hook)> Chains { get; } =
    [
        (RuleTable.Raw, RuleHook.Prerouting),
        (RuleTable.Raw, RuleHook.Output),
        (RuleTable.Mangle, RuleHook.Prerouting),
        (RuleTable.Mangle, RuleHook.Output),
        (RuleTable.Nat, RuleHook.Prerouting),
        (RuleTable.Nat, RuleHook.Output),
        (RuleTable.Filter, RuleHook.Output),
    ];

    public static string ChainOf(RuleTable table, RuleHook hook) =>
        table switch { RuleTable.Raw => "raw", RuleTable.Mangle => "mangle", RuleTable.Nat => "nat", _ => "filter" } + "-" + HookOf(hook);

    public static string HookOf(RuleHook hook) => hook == RuleHook.Prerouting ? "prerouting" : "output";

    /// <summary>A changed mark in the output hook must lead to a new routing decision: that is what type route is for.</summary>
    public static string TypeOf(RuleTable table, RuleHook hook) => (table, hook) switch
    {
        (RuleTable.Nat, _) => "nat",
        (RuleTable.Mangle, RuleHook.Output) => "route",
        _ => "filter",
    };

    public static int PriorityOf(RuleTable table) => table switch
    {
        RuleTable.Raw => -300,
        RuleTable.Mangle => -150,
        RuleTable.Nat => -100,
        _ => 0,
    };
}
