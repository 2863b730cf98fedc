using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>What a policy is attached to. Immutable.</summary>
public sealed record TargetReference
{
    private const string Every = "*";

    /// <summary>Whatever there is, for a policy whose own targets cannot be read.</summary>
    public static TargetReference Everything { get; } = new() { Kind = Every, Name = Every };

    /// <summary>Whether it is <see cref="Everything"/>.</summary>
    [JsonIgnore]
    public bool IsEverything => Kind == Every;

    /// <summary><c>group</c>; empty is the core.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Group { get; init => field = value ?? ""; } = "";

    /// <summary><c>kind</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary><c>name</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>namespace</c>.</summary>
    public string? Namespace { get; init; }

    /// <summary><c>sectionName</c>.</summary>
    public string? SectionName { get; init; }
}
