using Ambient.Mesh.Identities;

namespace Ambient.ControlPlane.Authority.Callers;

/// <summary>Who calls. Immutable.</summary>
/// <param name="Kind">How that is known.</param>
/// <param name="Identities">Its identities, at least one.</param>
/// <param name="Cluster">The cluster it belongs to.</param>
/// <param name="Pod">The pod its token is bound to; null when it is bound to none, or there is no token.</param>
public sealed record Caller(CallerKind Kind, IReadOnlyList<SpiffeId> Identities, string Cluster, PodBinding? Pod);
