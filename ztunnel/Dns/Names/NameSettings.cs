namespace Ambient.Ztunnel.Dns.Names;

/// <summary>Settings of the served names (ztunnel.md 7.2). Immutable.</summary>
public sealed record NameSettings
{
    /// <summary>CLUSTER_DOMAIN.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>PREFERED_SERVICE_NAMESPACE.</summary>
    public string? PreferredNamespace { get; init; }

    /// <summary>IPV6_ENABLED: without it AAAA queries of served names have no records.</summary>
    public bool IPv6Enabled { get; init; } = true;

    /// <summary>Search list in dedicated mode (that of resolv.conf); null assumes that of a Kubernetes pod.</summary>
    public IReadOnlyList<string>? SearchDomains { get; init; }
}
