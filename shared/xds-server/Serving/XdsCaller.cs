using Ambient.Mesh.Identities;

namespace Ambient.Xds.Server.Serving;

/// <summary>Who calls, as shown. Immutable.</summary>
/// <param name="Identities">Who it may act for.</param>
/// <param name="Pod">The uid of the pod that it has shown to run in; empty: it has not, and may be one of many with this identity.</param>
public sealed record XdsCaller(IReadOnlyList<SpiffeId> Identities, string Pod = "");
