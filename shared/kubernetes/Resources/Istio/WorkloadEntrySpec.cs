using System.Collections.ObjectModel;
using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>A workload that is no pod. Immutable.</summary>
public sealed record WorkloadEntrySpec
{
    /// <summary><c>address</c>: an IP address or a name.</summary>
    public string Address { get; init => field = value ?? ""; } = "";

    /// <summary><c>ports</c> by name.</summary>
    public IReadOnlyDictionary<string, int> Ports { get; init => field = value ?? ReadOnlyDictionary<string, int>.Empty; } = ReadOnlyDictionary<string, int>.Empty;

    /// <summary><c>labels</c>.</summary>
    public StringMap Labels { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>network</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Network { get; init => field = value ?? ""; } = "";

    /// <summary><c>locality</c>: region/zone/subzone.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Locality { get; init => field = value ?? ""; } = "";

    /// <summary><c>weight</c>.</summary>
    public long? Weight { get; init; }

    /// <summary><c>serviceAccount</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string ServiceAccount { get; init => field = value ?? ""; } = "";
}
