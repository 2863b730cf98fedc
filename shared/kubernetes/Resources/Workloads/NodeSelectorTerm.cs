namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What a node must fulfil, all of it. Immutable.</summary>
public sealed record NodeSelectorTerm
{
    /// <summary><c>matchExpressions</c>, over labels.</summary>
    public IReadOnlyList<LabelRequirement> MatchExpressions { get; init => field = value ?? []; } = [];

    /// <summary><c>matchFields</c>, over fields.</summary>
    public IReadOnlyList<LabelRequirement> MatchFields { get; init => field = value ?? []; } = [];
}
