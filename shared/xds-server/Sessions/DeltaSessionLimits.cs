namespace Ambient.Xds.Server.Sessions;

/// <summary>What one client may have. Immutable.</summary>
/// <param name="MaxNames">The most names subscribed to at a time.</param>
/// <param name="MaxTypes">The most types on one stream.</param>
/// <param name="MaxResponseBytes">The largest response; more is sent in several.</param>
internal sealed record DeltaSessionLimits(int MaxNames = 250_000, int MaxTypes = 16, int MaxResponseBytes = 128 * 1024 * 1024);
