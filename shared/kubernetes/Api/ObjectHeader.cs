using System.Text.Json;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Api;

/// <summary>The few fields that name an object, read from one whose rest cannot be. Pure; what is missing or of another shape is null.</summary>
internal readonly record struct ObjectHeader(string? Namespace, string? Name, string? ResourceVersion, string? Continue)
{
    /// <summary>Namespace and name.</summary>
    public ResourceKey Key => new(Namespace ?? "", Name ?? "");

    /// <summary>Of a whole object. Throws <see cref="JsonException"/> for what is no JSON.</summary>
    public static ObjectHeader Of(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return default;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isMetadata)
            {
                return OfMetadata(json[start..(int)reader.BytesConsumed]);
            }
        }

        return default;
    }

    /// <summary>Of an object's metadata.</summary>
    public static ObjectHeader OfMetadata(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        ObjectHeader header = default;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return header;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int field = reader.ValueTextEquals("namespace"u8) ? 1 : reader.ValueTextEquals("name"u8) ? 2
                : reader.ValueTextEquals("resourceVersion"u8) ? 3 : reader.ValueTextEquals("continue"u8) ? 4 : 0;
            reader.Read();
            if (field == 0 || reader.TokenType != JsonTokenType.String)
            {
                reader.Skip();
                continue;
            }

            string? text = TextOf(ref reader);
            header = field switch
            {
                1 => header with { Namespace = text },
                2 => header with { Name = text },
                3 => header with { ResourceVersion = text },
                _ => header with { Continue = text },
            };
        }

        return header;
    }

    private static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // Bytes that are no UTF-8.
            return null;
        }
    }
}
