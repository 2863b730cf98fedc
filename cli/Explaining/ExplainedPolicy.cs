namespace Ambient.Cli.Explaining;

/// <summary>A policy that applies to a workload, and what it says to one connection. Immutable.</summary>
/// <param name="Key"><c>namespace/name</c>.</param>
/// <param name="Action"><c>Allow</c> or <c>Deny</c>.</param>
/// <param name="Scope">To whom it applies.</param>
/// <param name="IsDryRun">Whether it is only logged.</param>
/// <param name="MatchedRules">Numbers of the rules that match, from 1.</param>
/// <param name="RuleCount">How many rules it has.</param>
internal sealed record ExplainedPolicy(string Key, string Action, string Scope, bool IsDryRun, IReadOnlyList<int> MatchedRules, int RuleCount);
