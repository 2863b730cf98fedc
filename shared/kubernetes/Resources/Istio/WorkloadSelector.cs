namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Chooses workloads by labels. Immutable.</summary>
public sealed record WorkloadSelector
{
    /// <summary><c>matchLabels</c>, of policies.</summary>
    public StringMap MatchLabels { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>labels</c>, of ServiceEntries.</summary>
    public StringMap Labels { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;
}
