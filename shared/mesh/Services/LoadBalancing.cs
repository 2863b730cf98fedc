namespace Ambient.Mesh.Services;

/// <summary>How a Service chooses among its endpoints (ztunnel.md 3.6). Immutable.</summary>
/// <param name="Preferences">What to compare, the most important first.</param>
/// <param name="Mode">How the preferences are used.</param>
/// <param name="HealthPolicy">Which endpoints take part.</param>
public sealed record LoadBalancing(IReadOnlyList<RoutingScope> Preferences, LoadBalancingMode Mode, HealthPolicy HealthPolicy);
