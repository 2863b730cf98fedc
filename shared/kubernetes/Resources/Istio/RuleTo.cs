namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Holds an operation. Immutable.</summary>
public sealed record RuleTo
{
    /// <summary><c>operation</c>.</summary>
    public RuleOperation? Operation { get; init; }
}
