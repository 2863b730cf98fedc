using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Names;

/// <summary>A question for addresses of a name. Immutable.</summary>
public readonly record struct NameQuery
{
    /// <summary>The workload that asks.</summary>
    public required Workload Client { get; init; }

    /// <summary>The name in lower case; a final dot doesn't matter.</summary>
    public required string Name { get; init; }

    /// <summary>Whether AAAA is asked for, else A.</summary>
    public required bool IsIPv6 { get; init; }

    /// <summary>The client's search domains, without dots at the ends; see <see cref="ServiceNames.SearchDomains"/>.</summary>
    public required IReadOnlyList<string> SearchDomains { get; init; }

    /// <summary>Such as <c>cluster.local</c>.</summary>
    public required string ClusterDomain { get; init; }

    /// <summary>The namespace that is preferred among Services of equal right; null for none.</summary>
    public string? PreferredNamespace { get; init; }

    /// <summary>Whether AAAA questions get addresses at all (<c>IPV6_ENABLED</c>).</summary>
    public bool IsIPv6Enabled { get; init; }

    /// <summary>The dice that order the answer; null for the shared ones.</summary>
    public Random? Random { get; init; }
}
