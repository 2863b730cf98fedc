using System.Text.Json.Nodes;

namespace Ambient.ControlPlane.Controllers.Merging;

/// <summary>
/// Kubernetes' strategic merge, as far as overlays of Gateways' objects need it: maps are merged, null removes, lists of things with a name, a
/// container port or a mount path are merged by it, other lists are replaced; <c>$patch: delete</c> and <c>replace</c> are honoured. A pure function.
/// </summary>
internal static class StrategicMerge
{
    private const string Directive = "$patch";

    /// <summary>What keeps list items apart, by the field that holds the list; the first that all items have.</summary>
    private static readonly Dictionary<string, string[]> Keys = new(StringComparer.Ordinal)
    {
        ["containers"] = ["name"],
        ["initContainers"] = ["name"],
        ["volumes"] = ["name"],
        ["env"] = ["name"],
        ["imagePullSecrets"] = ["name"],
        ["ports"] = ["containerPort", "port"],
        ["volumeMounts"] = ["mountPath"],
        ["hostAliases"] = ["ip"],
        ["topologySpreadConstraints"] = ["topologyKey"],
    };

    /// <summary>What is wrong with a patch's directives; null: nothing.</summary>
    internal static string? Problem(JsonNode? patch) => patch switch
    {
        JsonObject map when map.ContainsKey(Directive) && DirectiveOf(map) is not ("delete" or "replace" or "merge") =>
            $"{Directive} is {map[Directive]?.ToJsonString() ?? "null"} at {map.GetPath()}; allowed are delete, replace and merge",
        JsonObject map => map.Select(static field => Problem(field.Value)).FirstOrDefault(static problem => problem is not null),
        JsonArray list => list.Select(Problem).FirstOrDefault(static problem => problem is not null),
        _ => null,
    };

    /// <summary>A new object; neither argument is changed. Directives that are none are passed over: <see cref="Problem"/> names them.</summary>
    internal static JsonObject Merge(JsonObject target, JsonObject patch)
    {
        if (DirectiveOf(patch) is "replace")
        {
            return Without(patch);
        }

        var merged = (JsonObject)target.DeepClone();
        foreach ((string name, JsonNode? value) in patch)
        {
            if (name == Directive)
            {
                continue;
            }

            switch (value)
            {
                case null:
                    merged.Remove(name);
                    break;
                case JsonObject map when DirectiveOf(map) is "delete":
                    merged.Remove(name);
                    break;
                case JsonObject map:
                    merged[name] = Merge(merged[name] as JsonObject ?? [], map);
                    break;
                case JsonArray list when merged[name] is JsonArray known && KeyOf(name, known, list) is { } key:
                    merged[name] = MergeLists(known, list, key);
                    break;
                default:
                    merged[name] = value.DeepClone();
                    break;
            }
        }

        return merged;
    }

    private static string? DirectiveOf(JsonObject map) => map[Directive] is JsonValue value && value.TryGetValue(out string? directive) ? directive : null;

    private static string? KeyOf(string field, JsonArray known, JsonArray list) => Keys.TryGetValue(field, out string[]? keys)
        ? keys.FirstOrDefault(key => known.Concat(list).All(item => item is JsonObject map && map.ContainsKey(key)))
        : null;

    private static JsonArray MergeLists(JsonArray known, JsonArray list, string key)
    {
        static string Id(JsonNode item, string key) => item[key]?.ToString() ?? "";
        var patches = list.OfType<JsonObject>().ToLookup(item => Id(item, key), StringComparer.Ordinal);
        var merged = new JsonArray();
        foreach (JsonObject item in known.OfType<JsonObject>())
        {
            JsonObject done = patches[Id(item, key)].Aggregate((JsonObject)item.DeepClone(), static (result, patch) => Merge(result, patch));
            if (!patches[Id(item, key)].Any(static patch => DirectiveOf(patch) is "delete"))
            {
                merged.Add((JsonNode)done);
            }
        }

        HashSet<string> there = [.. known.OfType<JsonObject>().Select(item => Id(item, key))];
        foreach (JsonObject item in list.OfType<JsonObject>().Where(item => !there.Contains(Id(item, key)) && DirectiveOf(item) is not "delete"))
        {
            merged.Add((JsonNode)Without(item));
        }

        return merged;
    }

    private static JsonObject Without(JsonObject patch)
    {
        var clean = (JsonObject)patch.DeepClone();
        clean.Remove(Directive);
        return clean;
    }
}
