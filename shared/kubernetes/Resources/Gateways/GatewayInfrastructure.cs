namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>What the objects made for a Gateway are given. Immutable.</summary>
public sealed record GatewayInfrastructure
{
    /// <summary><c>labels</c>.</summary>
    public StringMap Labels { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>annotations</c>.</summary>
    public StringMap Annotations { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>parametersRef</c>.</summary>
    public ParametersReference? ParametersRef { get; init; }
}
