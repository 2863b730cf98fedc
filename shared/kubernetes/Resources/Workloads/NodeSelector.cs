namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>Nodes that fulfil one of several terms. Immutable.</summary>
public sealed record NodeSelector
{
    /// <summary><c>nodeSelectorTerms</c>.</summary>
    public IReadOnlyList<NodeSelectorTerm> NodeSelectorTerms { get; init => field = value ?? []; } = [];
}
