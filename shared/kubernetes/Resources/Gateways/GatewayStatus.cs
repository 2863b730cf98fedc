namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>What a Gateway is. Immutable.</summary>
public sealed record GatewayStatus
{
    /// <summary><c>addresses</c>.</summary>
    public IReadOnlyList<GatewayAddress> Addresses { get; init => field = value ?? []; } = [];

    /// <summary><c>conditions</c>.</summary>
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    /// <summary><c>listeners</c>.</summary>
    public IReadOnlyList<ListenerStatus> Listeners { get; init => field = value ?? []; } = [];
}
