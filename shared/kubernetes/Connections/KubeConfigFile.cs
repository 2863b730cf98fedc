using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Ambient.Kubernetes.Manifests;

namespace Ambient.Kubernetes.Connections;

/// <summary>One file, read but not yet understood. Immutable.</summary>
internal sealed record KubeConfigFile(string Name, string? Folder, JsonElement Root)
{
    public static KubeConfigFile? Read(string name, string? folder, string text, [NotNullWhen(false)] out string? error)
    {
        if (!YamlDocument.TryRead(text, out IReadOnlyList<YamlDocument> documents, out YamlProblem? problem))
        {
            error = $"{name}: {problem}";
            return null;
        }

        if (documents is not [{ } only])
        {
            error = $"{name}: holds {documents.Count} documents, not one";
            return null;
        }

        JsonElement root = JsonDocument.Parse(only.Json).RootElement;
        error = root.ValueKind == JsonValueKind.Object ? null : $"{name}: is no mapping";
        return error is null ? new KubeConfigFile(name, folder, root) : null;
    }

    /// <summary>The entry of a list by its name: <c>clusters</c> → <c>cluster</c>.</summary>
    public JsonElement? Entry(string list, string inner, string name)
    {
        if (Root.TryGetProperty(list, out JsonElement entries) && entries.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement entry in entries.EnumerateArray())
            {
                if (Text(entry, "name") == name && entry.TryGetProperty(inner, out JsonElement found) && found.ValueKind == JsonValueKind.Object)
                {
                    return found;
                }
            }
        }

        return null;
    }

    /// <summary>A text of an object; null when it is not there or no text.</summary>
    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
