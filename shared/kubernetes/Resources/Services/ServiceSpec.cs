using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Services;

/// <summary>What a service should be. Immutable.</summary>
public sealed record ServiceSpec
{
    /// <summary><c>type</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary><c>clusterIP</c>; None for headless ones.</summary>
    public string? ClusterIP { get; init; }

    /// <summary><c>clusterIPs</c>.</summary>
    public IReadOnlyList<string> ClusterIPs { get; init => field = value ?? []; } = [];

    /// <summary><c>selector</c>.</summary>
    public StringMap Selector { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>ports</c>.</summary>
    public IReadOnlyList<ServicePort> Ports { get; init => field = value ?? []; } = [];

    /// <summary><c>externalName</c>.</summary>
    public string? ExternalName { get; init; }

    /// <summary><c>externalIPs</c>.</summary>
    public IReadOnlyList<string> ExternalIPs { get; init => field = value ?? []; } = [];

    /// <summary><c>loadBalancerIP</c>.</summary>
    public string? LoadBalancerIP { get; init; }

    /// <summary><c>ipFamilies</c>.</summary>
    public IReadOnlyList<string> IpFamilies { get; init => field = value ?? []; } = [];

    /// <summary><c>ipFamilyPolicy</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string IpFamilyPolicy { get; init => field = value ?? ""; } = "";

    /// <summary><c>internalTrafficPolicy</c>; empty before Kubernetes 1.21.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string InternalTrafficPolicy { get; init => field = value ?? ""; } = "";

    /// <summary><c>externalTrafficPolicy</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string ExternalTrafficPolicy { get; init => field = value ?? ""; } = "";

    /// <summary><c>trafficDistribution</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string TrafficDistribution { get; init => field = value ?? ""; } = "";

    /// <summary><c>sessionAffinity</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string SessionAffinity { get; init => field = value ?? ""; } = "";

    /// <summary><c>publishNotReadyAddresses</c>.</summary>
    public bool PublishNotReadyAddresses { get; init; }
}
