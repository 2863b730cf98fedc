namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Holds a source. Immutable.</summary>
public sealed record RuleFrom
{
    /// <summary><c>source</c>.</summary>
    public RuleSource? Source { get; init; }
}
