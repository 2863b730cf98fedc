namespace Ambient.Kubernetes.Api;

/// <summary>Answer of discovery for one group and version. Immutable.</summary>
internal sealed record ApiResourceList
{
    /// <summary><c>resources</c>.</summary>
    public IReadOnlyList<ApiResource> Resources { get; init => field = value ?? []; } = [];
}
