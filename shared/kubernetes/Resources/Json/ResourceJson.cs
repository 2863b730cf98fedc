using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Ambient.Kubernetes.Resources.Json;

/// <summary>How resources are read and written. Thread-safe.</summary>
public static class ResourceJson
{
    private static readonly JsonSerializerOptions Options = MakeOptions(ResourceJsonContext.Default);

    /// <summary>Options of the same kind for other source-generated types: names in camelCase, what is empty is not written.</summary>
    public static JsonSerializerOptions MakeOptions(IJsonTypeInfoResolver types)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            TypeInfoResolver = types.WithAddedModifier(OmitEmpty),
        };
        options.Converters.Add(new TimeConverter());
        options.MakeReadOnly();
        return options;
    }

    internal static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    private static void OmitEmpty(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            property.ShouldSerialize = static (_, value) => value switch
            {
                null or "" or IntOrString { IsAbsent: true } or JsonElement { ValueKind: JsonValueKind.Undefined } => false,
                ICollection list => list.Count > 0,
                StringMap map => map.Count > 0,
                _ => true,
            };
        }
    }
}
