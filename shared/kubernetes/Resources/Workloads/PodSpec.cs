using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What a pod should be. Immutable.</summary>
public sealed record PodSpec
{
    /// <summary><c>nodeName</c>; empty until it is scheduled.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string NodeName { get; init => field = value ?? ""; } = "";

    /// <summary><c>serviceAccountName</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string ServiceAccountName { get; init => field = value ?? ""; } = "";

    /// <summary><c>hostNetwork</c>.</summary>
    public bool HostNetwork { get; init; }

    /// <summary><c>hostname</c>.</summary>
    public string? Hostname { get; init; }

    /// <summary><c>subdomain</c>: the headless service that names it.</summary>
    public string? Subdomain { get; init; }

    /// <summary><c>containers</c>.</summary>
    public IReadOnlyList<Container> Containers { get; init => field = value ?? []; } = [];

    /// <summary><c>initContainers</c>; those with restart policy Always are sidecars.</summary>
    public IReadOnlyList<Container> InitContainers { get; init => field = value ?? []; } = [];
}
