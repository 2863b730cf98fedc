using System.Collections.ObjectModel;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Which connections must be mutual TLS. Immutable.</summary>
public sealed record PeerAuthenticationSpec
{
    /// <summary><c>selector</c>: pods; absent means all of the namespace.</summary>
    public WorkloadSelector? Selector { get; init; }

    /// <summary><c>mtls</c>.</summary>
    public MutualTls? Mtls { get; init; }

    /// <summary><c>portLevelMtls</c>: by port of the workload.</summary>
    public IReadOnlyDictionary<string, MutualTls?> PortLevelMtls { get; init => field = value ?? ReadOnlyDictionary<string, MutualTls?>.Empty; } = ReadOnlyDictionary<string, MutualTls?>.Empty;
}
