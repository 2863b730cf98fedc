using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Manifests;

/// <summary>Generated JSON of elements. Thread-safe.</summary>
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class ManifestJson : JsonSerializerContext;
