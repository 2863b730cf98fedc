using Ambient.Mesh.Addresses;

namespace Ambient.Ztunnel.Observation;

/// <summary>One connection as <c>config_dump</c> lists it (ztunnel.md 10.7). Immutable; streams that look the same are one row.</summary>
/// <param name="Reporter">Inbound or outbound.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="OriginalDestination">Outbound: what the application dialled. Inbound: the host of the <c>forwarded</c> header, or null.</param>
/// <param name="ActualDestination">What was really connected.</param>
/// <param name="Protocol">How it travels.</param>
public sealed record ConnectionRow(Reporter Reporter, IpPort Source, string? OriginalDestination, IpPort ActualDestination, TransportProtocol Protocol);
