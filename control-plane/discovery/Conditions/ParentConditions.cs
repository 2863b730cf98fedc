using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Conditions;

/// <summary>What the status of a route should say about one of its parents, or that of a policy about one of its ancestors. Immutable.</summary>
/// <param name="Parent">The parent.</param>
/// <param name="Wanted">The conditions, without times; null: somebody else speaks about this parent, and what is there stays.</param>
public sealed record ParentConditions(ParentReference Parent, IReadOnlyList<Condition>? Wanted)
{
    /// <summary>Who speaks about routes' parents, Services included, and about Gateways.</summary>
    public const string GatewayController = "istio.io/gateway-controller";

    /// <summary>Who says so.</summary>
    public string Controller { get; init; } = GatewayController;
}
