namespace Ambient.Kubernetes.Resources.Services;

/// <summary>How an endpoint is. Immutable.</summary>
public sealed record EndpointConditions
{
    /// <summary><c>ready</c>; absent means yes.</summary>
    public bool? Ready { get; init; }

    /// <summary><c>serving</c>; absent before Kubernetes 1.22.</summary>
    public bool? Serving { get; init; }

    /// <summary><c>terminating</c>; absent before Kubernetes 1.22.</summary>
    public bool? Terminating { get; init; }
}
