using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Coordination;

/// <summary>Who holds a lease and until when. Immutable.</summary>
public sealed record LeaseSpec
{
    /// <summary><c>holderIdentity</c>; empty when it was given back.</summary>
    public string? HolderIdentity { get; init; }

    /// <summary><c>leaseDurationSeconds</c>.</summary>
    public int? LeaseDurationSeconds { get; init; }

    /// <summary><c>acquireTime</c>.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; init; }

    /// <summary><c>renewTime</c>.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; init; }

    /// <summary><c>leaseTransitions</c>: how often it changed hands.</summary>
    public int? LeaseTransitions { get; init; }
}
