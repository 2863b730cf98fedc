using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.Istio.Security;
using Action = Ambient.Protocol.Istio.Security.Action;

namespace Ambient.ControlPlane.Discovery.Policies;

/// <summary>AuthorizationPolicies as ztunnel gets them (control-plane reference 4.1 to 4.3). A pure function; never fails open.</summary>
public static class AuthorizationConversion
{
    private const string DryRun = "istio.io/dry-run";
    private const string Waypoint = "; HTTP rules need a waypoint";

    /// <summary>What becomes of a policy.</summary>
    public static PolicyVerdict Convert(AuthorizationPolicy policy, MeshSettings settings)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(settings);
        if (policy.Spec.TargetRef is not null || (policy.Spec.TargetRefs.Count > 0 && !policy.Spec.TargetRefs.Any(static target => target.IsEverything)))
        {
            return PolicyVerdict.NotOurs;
        }

        bool isDryRun = IsDryRun(policy);
        string action = policy.Spec.Action.Length == 0 ? "ALLOW" : policy.Spec.Action;
        if (action is "AUDIT" or "CUSTOM")
        {
            return new PolicyVerdict(null, false, PolicyVerdict.UnsupportedValue, $"ztunnel does not support the {action} action");
        }

        if (isDryRun && !settings.SendsDryRun)
        {
            return new PolicyVerdict(null, false, PolicyVerdict.UnsupportedValue, "ztunnel does not support dry run unless AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY is set");
        }

        var message = new Authorization
        {
            Name = policy.Metadata.Name,
            Namespace = policy.Metadata.Namespace,
            Scope = Scope(policy, settings),
            Action = action == "ALLOW" ? Action.Allow : Action.Deny,
            DryRun = isDryRun,
        };
        if (action is "ALLOW" or "DENY")
        {
            return WithRules(policy, message);
        }

        message.Rules.Add(new Rule());
        return new PolicyVerdict(message, false, PolicyVerdict.UnsupportedValue, $"spec.action: {action} is no action; everything to what the policy selects is denied");
    }

    /// <summary>Whether the policy names the workloads that it is for; an empty selector is none (Q6).</summary>
    public static bool HasSelector(AuthorizationPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.Spec.Selector is { MatchLabels.Count: > 0 };
    }

    private static Scope Scope(AuthorizationPolicy policy, MeshSettings settings) =>
        HasSelector(policy) ? Protocol.Istio.Security.Scope.WorkloadSelector
        : policy.Metadata.Namespace == settings.RootNamespace ? Protocol.Istio.Security.Scope.Global
        : Protocol.Istio.Security.Scope.Namespace;

    /// <summary>Whether a policy is only tried.</summary>
    internal static bool IsDryRun(AuthorizationPolicy policy) =>
        policy.Metadata.Annotations.Find(DryRun) is "1" or "t" or "T" or "true" or "True" or "TRUE";

    private static PolicyVerdict WithRules(AuthorizationPolicy policy, Authorization message)
    {
        var http = new SortedSet<string>(StringComparer.Ordinal);
        var unreadable = new SortedSet<string>(StringComparer.Ordinal);
        bool isDeny = message.Action == Action.Deny;
        foreach (AuthorizationRule rule in policy.Spec.Rules)
        {
            var conversion = new RuleConversion(message.Namespace, isDeny);
            Rule converted = conversion.Convert(rule);
            http.UnionWith(conversion.Http);
            unreadable.UnionWith(conversion.Unreadable);
            if (isDeny || (conversion.Http.Count == 0 && !conversion.LostRestriction))
            {
                message.Rules.Add(converted);
            }
        }

        string bad = unreadable.Count == 0 ? "" : $"values that cannot be understood, which never allows more: {string.Join(", ", unreadable)}";
        if (http.Count == 0)
        {
            return new PolicyVerdict(message, true, bad.Length == 0 ? PolicyVerdict.Accepted : PolicyVerdict.UnsupportedValue, bad);
        }

        string remark = !isDeny ? "rules with them are omitted, which is stricter than asked"
            : IsEffective(message) ? "they are enforced without the HTTP part, which is stricter than asked"
            : "the policy has no effect; use a waypoint and a targetRef";
        return new PolicyVerdict(message, true, PolicyVerdict.UnsupportedValue, $"ztunnel does not support HTTP attributes: {string.Join(", ", http)}{Waypoint}: {remark}{(bad.Length == 0 ? "" : "; ")}{bad}");
    }

    private static bool IsEffective(Authorization message) =>
        message.Rules.Any(static rule => rule.Clauses.All(static clause => clause.Matches.Any(static match => match.CalculateSize() > 0)));
}
