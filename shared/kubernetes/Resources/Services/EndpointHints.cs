namespace Ambient.Kubernetes.Resources.Services;

/// <summary>For whom an endpoint is meant. Immutable.</summary>
public sealed record EndpointHints
{
    /// <summary><c>forZones</c>.</summary>
    public IReadOnlyList<NamedHint> ForZones { get; init => field = value ?? []; } = [];

    /// <summary><c>forNodes</c>.</summary>
    public IReadOnlyList<NamedHint> ForNodes { get; init => field = value ?? []; } = [];
}
