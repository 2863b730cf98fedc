namespace Ambient.Routing.Access;

/// <summary>What the values of policies mean. Immutable.</summary>
/// <param name="TrustDomains">The own trust domain and its aliases: a principal of one is a principal of all.</param>
/// <param name="IsHttp">Whether there is a request to look at.</param>
public sealed record AccessContext(IReadOnlyList<string> TrustDomains, bool IsHttp);
