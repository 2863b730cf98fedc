namespace Ambient.Kubernetes.Resources.Services;

/// <summary>What a service is. Immutable.</summary>
public sealed record ServiceStatus
{
    /// <summary><c>loadBalancer</c>.</summary>
    public LoadBalancerStatus LoadBalancer { get; init => field = value ?? new LoadBalancerStatus(); } = new();

    /// <summary><c>conditions</c>.</summary>
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}
