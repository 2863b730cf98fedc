using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Ambient.Kubernetes.Manifests;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Settings;

/// <summary>Reads fields of MeshConfig. What is wrong is a <see cref="FormatException"/> that names the field. Pure functions.</summary>
internal static class MeshConfigReader
{
    /// <summary>Reads one field of MeshConfig as YAML.</summary>
    /// <param name="yaml">MeshConfig; null or empty: there is none.</param>
    /// <param name="field">The field.</param>
    /// <param name="absent">What holds where it is not written.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="value">What it says.</param>
    /// <param name="error">What is wrong with it.</param>
    internal static bool TryRead<T>(string? yaml, string field, T absent, Func<JsonElement, T> read, [NotNullWhen(true)] out T? value, [NotNullWhen(false)] out string? error)
        where T : class
    {
        (value, error) = (absent, null);
        if (string.IsNullOrWhiteSpace(yaml))
        {
            return true;
        }

        if (!YamlDocument.TryRead(yaml, out IReadOnlyList<YamlDocument> documents, out YamlProblem? problem) || documents.Count > 1)
        {
            (value, error) = (null, problem?.ToString() ?? "must be one document");
            return false;
        }

        if (documents.Count == 0)
        {
            return true;
        }

        using JsonDocument json = JsonDocument.Parse(documents[0].Json);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty(field, out JsonElement said) || said.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        try
        {
            value = read(said);
            return true;
        }
        catch (FormatException wrong)
        {
            (value, error) = (null, wrong.Message);
            return false;
        }
    }

    /// <summary>A label selector.</summary>
    internal static LabelSelector Selector(JsonElement json, string path)
    {
        Know(json, path, "matchLabels", "matchExpressions");
        var labels = new List<(string, string)>();
        if (json.TryGetProperty("matchLabels", out JsonElement map) && map.ValueKind != JsonValueKind.Null)
        {
            Know(map, path + ".matchLabels");
            labels.AddRange(map.EnumerateObject().Select(label => (label.Name, Text(label.Value, $"{path}.matchLabels.{label.Name}"))));
        }

        LabelRequirement[] expressions = [.. Items(json, "matchExpressions", path).Select((item, index) => Requirement(item, $"{path}.matchExpressions[{index}]"))];
        return new LabelSelector { MatchLabels = StringMap.Of([.. labels]), MatchExpressions = expressions };
    }

    /// <summary>A list that is a field; empty when it is not written.</summary>
    internal static JsonElement[] Items(JsonElement json, string name, string path) => json.TryGetProperty(name, out JsonElement list) && list.ValueKind != JsonValueKind.Null ? Items(list, $"{path}.{name}") : [];

    /// <summary>A list.</summary>
    internal static JsonElement[] Items(JsonElement list, string path) => list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : throw new FormatException($"{path}: must be a list");

    /// <summary>That it is an object, with no fields but these; any, when none are given. What is misspelt would otherwise select everything.</summary>
    internal static void Know(JsonElement json, string path, params string[] allowed)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"{path}: must be an object");
        }

        if (allowed.Length > 0 && json.EnumerateObject().FirstOrDefault(field => !allowed.Contains(field.Name)) is { Value.ValueKind: not JsonValueKind.Undefined } unknown)
        {
            throw new FormatException($"{path}.{unknown.Name}: is not known; allowed: {string.Join(", ", allowed)}");
        }
    }

    private static LabelRequirement Requirement(JsonElement json, string path)
    {
        Know(json, path, "key", "operator", "values");
        string operation = json.TryGetProperty("operator", out JsonElement said) ? Text(said, path + ".operator") : "";
        return operation is "In" or "NotIn" or "Exists" or "DoesNotExist"
            ? new LabelRequirement
            {
                Key = json.TryGetProperty("key", out JsonElement key) ? Text(key, path + ".key") : throw new FormatException($"{path}.key: is missing"),
                Operator = operation,
                Values = [.. Items(json, "values", path).Select(value => Text(value, path + ".values"))],
            }
            : throw new FormatException($"{path}.operator: '{operation}' is not known; allowed: In, NotIn, Exists, DoesNotExist");
    }

    private static string Text(JsonElement json, string path) => json.ValueKind == JsonValueKind.String ? json.GetString()! : throw new FormatException($"{path}: must be a text");
}
