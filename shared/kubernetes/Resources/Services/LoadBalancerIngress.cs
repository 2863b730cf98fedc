namespace Ambient.Kubernetes.Resources.Services;

/// <summary>An address of a load balancer. Immutable.</summary>
public sealed record LoadBalancerIngress
{
    /// <summary><c>ip</c>.</summary>
    public string? Ip { get; init; }

    /// <summary><c>hostname</c>.</summary>
    public string? Hostname { get; init; }
}
