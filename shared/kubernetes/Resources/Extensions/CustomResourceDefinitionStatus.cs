namespace Ambient.Kubernetes.Resources.Extensions;

/// <summary>How a definition fares. Immutable.</summary>
public sealed record CustomResourceDefinitionStatus
{
    /// <summary><c>conditions</c>.</summary>
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}
