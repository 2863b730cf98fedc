namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>Gateway API's GatewayClass. Immutable.</summary>
public sealed record GatewayClass : Resource
{
    /// <summary><c>spec</c>.</summary>
    public GatewayClassSpec Spec { get; init => field = value ?? new GatewayClassSpec(); } = new();

    /// <summary><c>status</c>.</summary>
    public GatewayClassStatus Status { get; init => field = value ?? new GatewayClassStatus(); } = new();
}
