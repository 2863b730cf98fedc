namespace Ambient.Cli.Meshes;

/// <summary>A proxy that neither accepts nor refuses what it was sent. Immutable.</summary>
/// <param name="Client">The proxy's node id.</param>
/// <param name="Kind">Of which kind.</param>
/// <param name="Seconds">For how long.</param>
internal sealed record UnansweredType(string Client, string Kind, long Seconds);
