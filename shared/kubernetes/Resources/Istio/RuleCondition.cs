namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>A condition on an attribute. Immutable.</summary>
public sealed record RuleCondition
{
    /// <summary><c>key</c>.</summary>
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary><c>values</c>.</summary>
    public IReadOnlyList<string> Values { get; init => field = value ?? []; } = [];

    /// <summary><c>notValues</c>.</summary>
    public IReadOnlyList<string> NotValues { get; init => field = value ?? []; } = [];
}
