using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Balancing;

/// <summary>Which of a destination's policies is in force. Pure functions.</summary>
internal static class PolicyChoice
{
    /// <summary>The most specific for a port and a subset: both, the subset, the port, neither; null when none is.</summary>
    public static TrafficPolicy? PolicyFor(this DestinationSettings settings, uint port, string subset) => settings.Policies
        .Where(policy => (policy.Port == 0 || policy.Port == port) && (policy.Subset.Length == 0 || policy.Subset == subset))
        .OrderByDescending(policy => ((policy.Subset.Length > 0 ? 2 : 0) + (policy.Port > 0 ? 1 : 0)))
        .FirstOrDefault()?.Policy;
}
