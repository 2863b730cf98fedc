using Ambient.Mesh.Policies;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Cli.Explaining;

/// <summary>Asks the proxies' own engine about policies one by one, so that it says which rule matches. Pure.</summary>
internal static class PolicyQuestions
{
    /// <summary>All policies that apply to a workload, in the order in which they are asked, with the rules that match.</summary>
    public static IReadOnlyList<ExplainedPolicy> Of(MeshView view, in ConnectionFacts facts, Workload destination)
    {
        List<ExplainedPolicy> explained = [];
        foreach ((string key, AuthorizationPolicy policy) in view.Policies.ByKey
            .Where(p => Applies(p.Key, p.Policy, destination))
            .OrderByDescending(static p => p.Policy.Action == PolicyAction.Deny)
            .ThenBy(static p => p.Policy.Scope)
            .ThenBy(static p => p.Key, StringComparer.Ordinal))
        {
            List<int> matched = [];
            for (int i = 0; i < policy.Rules.Count; i++)
            {
                if (Matches(policy, policy.Rules[i], facts, destination))
                {
                    matched.Add(i + 1);
                }
            }

            explained.Add(new ExplainedPolicy(policy.FullName, policy.Action.ToString(), policy.Scope.ToString(), policy.IsDryRun, matched, policy.Rules.Count));
        }

        return explained;
    }

    private static bool Applies(string key, AuthorizationPolicy policy, Workload destination) => policy.Scope switch
    {
        PolicyScope.Global => true,
        PolicyScope.Namespace => policy.Namespace == destination.Namespace,
        _ => destination.AuthorizationPolicies.Contains(key),
    };

    /// <summary>A mesh with nothing but this rule, as an ALLOW for everybody: the engine lets the connection through exactly when the rule matches.</summary>
    private static bool Matches(AuthorizationPolicy policy, PolicyRule rule, in ConnectionFacts facts, Workload destination)
    {
        var batch = new MeshBatch();
        batch.Policies.Add(("rule", policy with { Action = PolicyAction.Allow, Scope = PolicyScope.Global, IsDryRun = false, Rules = [rule] }));
        var state = new MeshState();
        state.Apply(batch);
        return PolicyEngine.Evaluate(state.Current, facts, destination).IsAllowed;
    }
}
