namespace Ambient.Kubernetes.Resources.Services;

/// <summary>A service. Immutable.</summary>
public sealed record Service : Resource
{
    /// <summary><c>spec</c>.</summary>
    public ServiceSpec Spec { get; init => field = value ?? new ServiceSpec(); } = new();

    /// <summary><c>status</c>.</summary>
    public ServiceStatus Status { get; init => field = value ?? new ServiceStatus(); } = new();
}
