using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Iptables;

/// <summary>Names of the iptables back end; the chains are upstream's, so that either agent recognises the other's pods.</summary>
internal static class IptablesNames
{
    public const string Prefix = "ISTIO_";

    /// <summary>In the order in which they are written: the marks first, so that no redirect ever works without its way back.</summary>
    public static readonly RuleTable[] Tables = [RuleTable.Mangle, RuleTable.Nat, RuleTable.Raw, RuleTable.Filter];

    public static RuleHook[] HooksOf(RuleTable table) => table == RuleTable.Filter ? [RuleHook.Output] : [RuleHook.Prerouting, RuleHook.Output];

    public static string TableOf(RuleTable table) => table switch
    {
        RuleTable.Raw => "raw",
        RuleTable.Mangle => "mangle",
        RuleTable.Nat => "nat",
        _ => "filter",
    };

    public static string ChainOf(RuleHook hook) => hook == RuleHook.Prerouting ? "ISTIO_PRERT" : "ISTIO_OUTPUT";

    public static string BuiltInOf(RuleHook hook) => hook == RuleHook.Prerouting ? "PREROUTING" : "OUTPUT";
}
