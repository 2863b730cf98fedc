namespace Ambient.Hbone.Headers;

/// <summary>The answer to a CONNECT (ztunnel.md 2.5). Immutable.</summary>
/// <param name="Status">HTTP status; only 200 is success.</param>
/// <param name="Baggage">Description of the destination workload.</param>
public readonly record struct ConnectResponse(int Status, string? Baggage = null);
