using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ambient.Kubernetes.Manifests;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>The objects of a Gateway before they are its own: parsed YAML with places that are filled in. Immutable, thread-safe.</summary>
public sealed partial class GatewayTemplate
{
    private static readonly string[] Needed = ["ServiceAccount", "Deployment", "Service"];
    private readonly IReadOnlyList<JsonObject> _objects;

    private GatewayTemplate(IReadOnlyList<JsonObject> objects) => _objects = objects;

    /// <summary>The template that comes with the program.</summary>
    public static GatewayTemplate BuiltIn { get; } = LoadBuiltIn();

    /// <summary>Reads a template; the error says where and what.</summary>
    public static GatewayTemplate? Parse(string yaml, out string? error)
    {
        if (!YamlDocument.TryRead(yaml, out IReadOnlyList<YamlDocument> documents, out YamlProblem? problem))
        {
            error = problem.ToString();
            return null;
        }

        var objects = new List<JsonObject>();
        foreach (YamlDocument document in documents)
        {
            if (JsonNode.Parse(document.Json) is not JsonObject found || (string?)found["kind"] is not { } kind || !GatewayObject.Kinds.ContainsKey(kind))
            {
                error = $"line {document.Line}: is no object of one of the kinds {string.Join(", ", GatewayObject.Kinds.Keys)}";
                return null;
            }

            objects.Add(found);
        }

        string[] missing = [.. Needed.Where(kind => !objects.Any(made => (string?)made["kind"] == kind))];
        error = missing.Length == 0 ? null : $"lacks {string.Join(", ", missing)}";
        return error is null ? new GatewayTemplate(objects) : null;
    }

    /// <summary>Copies of the objects with every place filled in.</summary>
    public IReadOnlyList<JsonObject>? Fill(IReadOnlyDictionary<string, string> values, out string? error)
    {
        string? unknown = null;
        var made = new List<JsonObject>();
        foreach (JsonObject source in _objects)
        {
            made.Add((JsonObject)Filled(source, values, ref unknown)!);
        }

        error = unknown is null ? null : $"${{{unknown}}} is not known; known are {string.Join(", ", values.Keys.Order(StringComparer.Ordinal))}";
        return error is null ? made : null;
    }

    private static GatewayTemplate LoadBuiltIn()
    {
        using Stream stream = typeof(GatewayTemplate).Assembly.GetManifestResourceStream("waypoint.yaml")!;
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd(), out string? error) ?? throw new InvalidOperationException(error);
    }

    private static JsonNode? Filled(JsonNode? node, IReadOnlyDictionary<string, string> values, ref string? unknown)
    {
        switch (node)
        {
            case JsonObject map:
                var filled = new JsonObject();
                foreach ((string name, JsonNode? value) in map)
                {
                    filled[name] = Filled(value, values, ref unknown);
                }

                return filled;
            case JsonArray list:
                var items = new JsonArray();
                foreach (JsonNode? item in list)
                {
                    // An environment variable that would be empty is none.
                    JsonNode? done = Filled(item, values, ref unknown);
                    bool isEmptied = done is JsonObject { Count: 2 } pair && (string?)(pair["value"] as JsonValue) is "" && item!["value"]!.ToString().Length > 0;
                    if (!isEmptied)
                    {
                        items.Add(done);
                    }
                }

                return items;
            case JsonValue value when value.TryGetValue(out string? text) && text.Contains("${", StringComparison.Ordinal):
                string? missing = unknown;
                string replaced = Place().Replace(text, match =>
                {
                    if (values.TryGetValue(match.Groups[1].Value, out string? found))
                    {
                        return found;
                    }

                    missing ??= match.Groups[1].Value;
                    return "";
                });
                unknown = missing;
                return JsonValue.Create(replaced);
            default:
                return node?.DeepClone();
        }
    }

    [GeneratedRegex(@"\$\{([A-Za-z]+)\}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Place();
}
