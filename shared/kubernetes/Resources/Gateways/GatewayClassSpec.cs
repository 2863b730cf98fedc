namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>Who looks after Gateways of a class. Immutable.</summary>
public sealed record GatewayClassSpec
{
    /// <summary><c>controllerName</c>.</summary>
    public string ControllerName { get; init => field = value ?? ""; } = "";

    /// <summary><c>parametersRef</c>.</summary>
    public ParametersReference? ParametersRef { get; init; }

    /// <summary><c>description</c>.</summary>
    public string? Description { get; init; }
}
