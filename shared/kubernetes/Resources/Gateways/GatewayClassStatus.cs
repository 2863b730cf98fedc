namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>Whether a class was taken on. Immutable.</summary>
public sealed record GatewayClassStatus
{
    /// <summary><c>conditions</c>.</summary>
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}
