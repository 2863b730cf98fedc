using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>A service that Kubernetes does not know. Immutable.</summary>
public sealed record ServiceEntrySpec
{
    /// <summary><c>hosts</c>.</summary>
    public IReadOnlyList<string> Hosts { get; init => field = value ?? []; } = [];

    /// <summary><c>addresses</c>: IP addresses or CIDR blocks.</summary>
    public IReadOnlyList<string> Addresses { get; init => field = value ?? []; } = [];

    /// <summary><c>ports</c>.</summary>
    public IReadOnlyList<ServiceEntryPort> Ports { get; init => field = value ?? []; } = [];

    /// <summary><c>location</c>: MESH_EXTERNAL (the default) or MESH_INTERNAL.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Location { get; init => field = value ?? ""; } = "";

    /// <summary><c>resolution</c>: NONE (the default), STATIC, DNS, DNS_ROUND_ROBIN, DYNAMIC_DNS.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Resolution { get; init => field = value ?? ""; } = "";

    /// <summary><c>endpoints</c>.</summary>
    public IReadOnlyList<WorkloadEntrySpec> Endpoints { get; init => field = value ?? []; } = [];

    /// <summary><c>workloadSelector</c>.</summary>
    public WorkloadSelector? WorkloadSelector { get; init; }

    /// <summary><c>exportTo</c>.</summary>
    public IReadOnlyList<string> ExportTo { get; init => field = value ?? []; } = [];

    /// <summary><c>subjectAltNames</c>.</summary>
    public IReadOnlyList<string> SubjectAltNames { get; init => field = value ?? []; } = [];
}
