using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>A key set as it outlives the process: public keys alone. Immutable.</summary>
/// <param name="Source">Where it is from.</param>
/// <param name="Keys">The key set.</param>
/// <param name="Fetched">When it was fetched.</param>
public sealed record RememberedKeySet(KeySource Source, string Keys, DateTimeOffset Fetched);
