namespace Ambient.Kubernetes.Resources.Extensions;

/// <summary>What is defined. Immutable.</summary>
public sealed record CustomResourceDefinitionSpec
{
    /// <summary><c>group</c>.</summary>
    public string Group { get; init => field = value ?? ""; } = "";

    /// <summary><c>scope</c>: Namespaced or Cluster.</summary>
    public string Scope { get; init => field = value ?? ""; } = "";

    /// <summary><c>names</c>.</summary>
    public CustomResourceNames Names { get; init => field = value ?? new CustomResourceNames(); } = new();

    /// <summary><c>versions</c>.</summary>
    public IReadOnlyList<CustomResourceVersion> Versions { get; init => field = value ?? []; } = [];
}
