using Ambient.Routing.Access;

namespace Ambient.Waypoint.Observation;

/// <summary>What the policies on trial (<c>istio.io/dry-run</c>) would have said about a request or connection; each kind apart (waypoint reference 2.6.7). Immutable.</summary>
/// <param name="Deny">The DENY policies; null when there are none.</param>
/// <param name="Allow">The ALLOW policies; null when there are none.</param>
internal sealed record DryRunVerdicts(AccessVerdict? Deny, AccessVerdict? Allow);
