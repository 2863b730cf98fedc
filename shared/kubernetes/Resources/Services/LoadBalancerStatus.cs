namespace Ambient.Kubernetes.Resources.Services;

/// <summary>What the load balancer said. Immutable.</summary>
public sealed record LoadBalancerStatus
{
    /// <summary><c>ingress</c>.</summary>
    public IReadOnlyList<LoadBalancerIngress> Ingress { get; init => field = value ?? []; } = [];
}
