using System.Text.Json;

namespace Ambient.Kubernetes.Api;

/// <summary>Who wrote fields of an object, as the server noted it. Pure functions.</summary>
internal static class FieldManagers
{
    private const int Most = 16;

    /// <summary>The managers of <c>metadata.managedFields</c> that wrote a subresource, or the object itself when that is empty; none where they cannot be read.</summary>
    internal static IReadOnlyList<string> Read(ReadOnlyMemory<byte> json, string subresource)
    {
        try
        {
            using JsonDocument read = JsonDocument.Parse(json);
            return read.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("metadata", out JsonElement meta) && meta.ValueKind == JsonValueKind.Object
                && meta.TryGetProperty("managedFields", out JsonElement fields) && fields.ValueKind == JsonValueKind.Array
                ? [.. fields.EnumerateArray().Where(field => Text(field, "subresource") == subresource).Select(static field => Text(field, "manager")).Where(static name => name.Length > 0).Distinct(StringComparer.Ordinal).Take(Most)]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
