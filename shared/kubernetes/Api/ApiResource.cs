namespace Ambient.Kubernetes.Api;

/// <summary>One resource of a group and version. Immutable.</summary>
internal sealed record ApiResource
{
    /// <summary><c>name</c>: the plural; <c>pods/status</c> for a subresource.</summary>
    public string Name { get; init => field = value ?? ""; } = "";
}
