namespace Ambient.Kubernetes.Resources.Extensions;

/// <summary>Names of a kind. Immutable.</summary>
public sealed record CustomResourceNames
{
    /// <summary><c>plural</c>.</summary>
    public string Plural { get; init => field = value ?? ""; } = "";

    /// <summary><c>kind</c>.</summary>
    public string Kind { get; init => field = value ?? ""; } = "";
}
