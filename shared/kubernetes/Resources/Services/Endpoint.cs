using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources.Services;

/// <summary>An endpoint of a slice. Immutable.</summary>
public sealed record Endpoint
{
    /// <summary><c>addresses</c>.</summary>
    public IReadOnlyList<string> Addresses { get; init => field = value ?? []; } = [];

    /// <summary><c>conditions</c>.</summary>
    public EndpointConditions Conditions { get; init => field = value ?? new EndpointConditions(); } = new();

    /// <summary><c>hostname</c>: its name under a headless service.</summary>
    public string? Hostname { get; init; }

    /// <summary><c>targetRef</c>: the pod it is.</summary>
    public ObjectReference? TargetRef { get; init; }

    /// <summary><c>nodeName</c> of v1; <see cref="Node"/> is right in both versions.</summary>
    public string? NodeName { get; init; }

    /// <summary><c>zone</c> of v1; <see cref="InZone"/> is right in both versions.</summary>
    public string? Zone { get; init; }

    /// <summary><c>topology</c> of v1beta1.</summary>
    public StringMap Topology { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>hints</c>.</summary>
    public EndpointHints? Hints { get; init; }

    /// <summary>The node it runs on; null when unknown.</summary>
    [JsonIgnore]
    public string? Node => NodeName ?? Topology.Find("kubernetes.io/hostname");

    /// <summary>The zone it is in; null when unknown.</summary>
    [JsonIgnore]
    public string? InZone => Zone ?? Topology.Find("topology.kubernetes.io/zone");

    /// <summary>Whether it is ready: what does not say is.</summary>
    [JsonIgnore]
    public bool IsReady => Conditions.Ready ?? true;
}
