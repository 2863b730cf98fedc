using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>What a node should be. Immutable.</summary>
public sealed record NodeSpec
{
    /// <summary><c>podCIDR</c>.</summary>
    [JsonPropertyName("podCIDR")]
    public string? PodCidr { get; init; }

    /// <summary><c>podCIDRs</c>.</summary>
    [JsonPropertyName("podCIDRs")]
    public IReadOnlyList<string> PodCidrs { get; init => field = value ?? []; } = [];

    /// <summary><c>providerID</c>.</summary>
    [JsonPropertyName("providerID")]
    public string? ProviderId { get; init; }
}
