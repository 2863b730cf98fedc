using System.Text.Json.Nodes;

namespace Ambient.Component.Tests.Charts;

/// <summary>A definition of a kind as a reviewer reads it: a line for each field of its stored version. Pure.</summary>
internal static class SchemaOutline
{
    /// <summary>The lines of one definition.</summary>
    public static IEnumerable<string> Of(JsonObject definition)
    {
        JsonNode spec = definition["spec"]!;
        string versions = string.Join(' ', spec["versions"]!.AsArray().Select(v => (string)v!["name"]! + ((bool)v["storage"]! ? "*" : "")));
        yield return $"{definition["metadata"]!["name"]} {spec["names"]!["kind"]} {spec["scope"]} {versions}";
        JsonNode schema = spec["versions"]![0]!["schema"]!["openAPIV3Schema"]!;
        foreach (string line in Fields(schema, ""))
        {
            yield return "  " + line;
        }
    }

    private static IEnumerable<string> Fields(JsonNode schema, string path)
    {
        HashSet<string> required = [.. (schema["required"] as JsonArray ?? []).Select(r => (string)r!)];
        foreach ((string name, JsonNode? field) in (schema["properties"] as JsonObject ?? []).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            string at = path + name;
            yield return $"{at}: {Type(field!)}{(required.Contains(name) ? ", required" : "")}";
            JsonNode inner = field!;
            while (inner["items"] is { } item)
            {
                (inner, at) = (item, at + "[]");
            }

            if (inner["additionalProperties"] is JsonObject values && values["properties"] is not null)
            {
                (inner, at) = (values, at + "{}");
            }

            foreach (string line in Fields(inner, at + "."))
            {
                yield return line;
            }
        }
    }

    private static string Type(JsonNode field)
    {
        string type = (string?)field["type"] ?? "int-or-string";
        string words = type switch
        {
            "array" => "[]" + Type(field["items"]!),
            "object" when field["additionalProperties"] is JsonObject values => "map of " + Type(values),
            _ => type,
        };
        if (field["enum"] is JsonArray choices)
        {
            words += " " + string.Join('|', choices.Select(c => c!.ToString()));
        }

        if (field["minimum"] is not null || field["maximum"] is not null)
        {
            words += $" {field["minimum"]}..{field["maximum"]}";
        }

        return field["pattern"] is { } pattern ? $"{words} {pattern}" : words;
    }
}
