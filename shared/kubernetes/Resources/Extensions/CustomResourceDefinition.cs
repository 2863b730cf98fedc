namespace Ambient.Kubernetes.Resources.Extensions;

/// <summary>A definition of custom resources, as far as one asks whether it is there. Immutable.</summary>
public sealed record CustomResourceDefinition : Resource
{
    /// <summary><c>spec</c>.</summary>
    public CustomResourceDefinitionSpec Spec { get; init => field = value ?? new CustomResourceDefinitionSpec(); } = new();

    /// <summary><c>status</c>.</summary>
    public CustomResourceDefinitionStatus Status { get; init => field = value ?? new CustomResourceDefinitionStatus(); } = new();
}
