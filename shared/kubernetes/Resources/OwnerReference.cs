using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>Whom an object belongs to; gone owners take it along. Immutable.</summary>
public sealed record OwnerReference
{
    /// <summary><c>apiVersion</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string ApiVersion { get; init => field = value ?? ""; } = "";

    /// <summary><c>kind</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary><c>name</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>uid</c>.</summary>
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary><c>controller</c>: the one that manages it.</summary>
    public bool? Controller { get; init; }

    /// <summary><c>blockOwnerDeletion</c>.</summary>
    public bool? BlockOwnerDeletion { get; init; }
}
