namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>Gateway API's Gateway. Immutable.</summary>
public sealed record Gateway : Resource
{
    /// <summary><c>spec</c>.</summary>
    public GatewaySpec Spec { get; init => field = value ?? new GatewaySpec(); } = new();

    /// <summary><c>status</c>.</summary>
    public GatewayStatus Status { get; init => field = value ?? new GatewayStatus(); } = new();
}
