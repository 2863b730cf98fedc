namespace Ambient.Tls.Origination;

/// <summary>Which server a connection is for. Immutable.</summary>
/// <param name="ServerName">What is asked for (SNI, RFC 6066 section 3); null or an address: nothing is.</param>
/// <param name="Names">What its certificate must say.</param>
/// <param name="Protocol">The protocol that is offered (ALPN), such as <c>h2</c>; null for none.</param>
/// <param name="Place">Where it is, for sessions that are resumed: they are of one server.</param>
public sealed record OriginationTarget(string? ServerName, ServerNames Names, string? Protocol, string Place);
