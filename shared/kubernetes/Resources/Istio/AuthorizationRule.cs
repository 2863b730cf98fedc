namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>One rule: all its parts must match. Immutable.</summary>
public sealed record AuthorizationRule
{
    /// <summary><c>from</c>: one must match.</summary>
    public IReadOnlyList<RuleFrom> From { get; init => field = value ?? []; } = [];

    /// <summary><c>to</c>: one must match.</summary>
    public IReadOnlyList<RuleTo> To { get; init => field = value ?? []; } = [];

    /// <summary><c>when</c>: all must match.</summary>
    public IReadOnlyList<RuleCondition> When { get; init => field = value ?? []; } = [];
}
