using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>
/// An object of the API. Immutable. Records hold the fields that the mesh looks at and nothing else, so that a hundred thousand of them fit; what is
/// absent or null in JSON is empty here, never null, unless the type says so.
/// </summary>
public abstract record Resource
{
    /// <summary><c>apiVersion</c>; empty for the items of a list.</summary>
    [JsonPropertyOrder(-3)]
    [JsonConverter(typeof(PooledStringConverter))]
    public string ApiVersion { get; init => field = value ?? ""; } = "";

    /// <summary><c>kind</c>; empty for the items of a list.</summary>
    [JsonPropertyOrder(-2)]
    [JsonConverter(typeof(PooledStringConverter))]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary><c>metadata</c>.</summary>
    [JsonPropertyOrder(-1)]
    public ObjectMeta Metadata { get; init => field = value ?? new ObjectMeta(); } = new();

    /// <summary>Its namespace and name.</summary>
    [JsonIgnore]
    public ResourceKey Key => new(Metadata.Namespace, Metadata.Name);
}
