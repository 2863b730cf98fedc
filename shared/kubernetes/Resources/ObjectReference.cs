using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>Points to an object. Immutable.</summary>
public sealed record ObjectReference
{
    /// <summary><c>apiVersion</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string ApiVersion { get; init => field = value ?? ""; } = "";

    /// <summary><c>kind</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary><c>namespace</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Namespace { get; init => field = value ?? ""; } = "";

    /// <summary><c>name</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>uid</c>.</summary>
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary><c>resourceVersion</c>.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary><c>fieldPath</c>.</summary>
    public string? FieldPath { get; init; }
}
