namespace Ambient.Kubernetes.Resources.Extensions;

/// <summary>A version of a kind. Immutable.</summary>
public sealed record CustomResourceVersion
{
    /// <summary><c>name</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>served</c>.</summary>
    public bool Served { get; init; }

    /// <summary><c>storage</c>.</summary>
    public bool Storage { get; init; }
}
