using System.Text.Json.Nodes;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>The conditions of a root rule and of a delegate's rule together (waypoint reference 2.1). Pure.</summary>
internal static class DelegateMatches
{
    private static readonly string[] Texts = ["uri", "scheme", "method", "authority"];
    private static readonly string[] Maps = ["headers", "withoutHeaders", "queryParams"];

    /// <summary>Each pair that does not contradict itself; null when an entry of the delegate contradicts every entry of the root.</summary>
    public static JsonArray? Merge(IReadOnlyList<JsonObject> roots, IReadOnlyList<JsonObject> children)
    {
        if (roots.Count == 0 || children.Count == 0)
        {
            return [.. roots.Concat(children).Select(static match => match.DeepClone())];
        }

        JsonArray merged = [];
        foreach (JsonObject child in children)
        {
            JsonObject[] fitting = [.. roots.Where(root => !Contradicts(root, child))];
            if (fitting.Length == 0)
            {
                return null;
            }

            foreach (JsonObject root in fitting)
            {
                merged.Add((JsonNode)Unite(root, child));
            }
        }

        return merged;
    }

    private static bool Contradicts(JsonObject root, JsonObject child) =>
        Texts.Any(name => Contradicts(root[name], child[name]))
        || Maps.Any(name => (child[name] as JsonObject ?? []).Any(entry => Has(root[name], entry.Key, out JsonNode? value) && Contradicts(value ?? new JsonObject(), entry.Value ?? new JsonObject())))
        || Flag(root, "ignoreUriCase") != Flag(child, "ignoreUriCase")
        || (Number(root) is > 0 and { } port && Number(child) is > 0 and { } other && port != other)
        || (Both(root, child, "sourceNamespace") && VirtualServiceDelegates.Text(root, "sourceNamespace") != VirtualServiceDelegates.Text(child, "sourceNamespace"))
        || (child["sourceLabels"] as JsonObject ?? []).Any(label => Has(root["sourceLabels"], label.Key, out JsonNode? value) && !JsonNode.DeepEquals(value, label.Value))
        || Gateways(root, child);

    private static bool Gateways(JsonObject root, JsonObject child) => root["gateways"] is JsonArray { Count: > 0 } allowed && child["gateways"] is JsonArray { Count: > 0 } wanted
        && !wanted.All(gateway => allowed.Any(one => JsonNode.DeepEquals(one, gateway)));

    /// <summary>Whether the delegate's text is not among those of the root.</summary>
    private static bool Contradicts(JsonNode? root, JsonNode? child)
    {
        if (root is not JsonObject wide || child is not JsonObject narrow)
        {
            return false;
        }

        (string kind, string text) = Read(wide);
        (string childKind, string childText) = Read(narrow);
        return (kind, childKind) switch
        {
            // Presence is met by whatever the delegate asks for.
            ("", _) => false,
            ("regex", "") or ("exact", "") or ("prefix", "") => true,
            ("regex", _) or (_, "regex") => true,
            ("exact", _) => childKind != "exact" || text != childText,
            _ => !childText.StartsWith(text, StringComparison.Ordinal),
        };
    }

    private static (string Kind, string Text) Read(JsonObject match)
    {
        foreach (string kind in new[] { "exact", "prefix", "regex" })
        {
            if (VirtualServiceDelegates.Text(match, kind) is { Length: > 0 } text)
            {
                return (kind, text);
            }
        }

        return ("", "");
    }

    private static JsonObject Unite(JsonObject root, JsonObject child)
    {
        JsonObject united = (JsonObject)child.DeepClone();
        foreach ((string name, JsonNode? value) in root)
        {
            if (name == "name")
            {
                united["name"] = VirtualServiceDelegates.Join(VirtualServiceDelegates.Text(root, "name"), VirtualServiceDelegates.Text(child, "name"));
            }
            else if (united[name] is not { } own)
            {
                united[name] = value?.DeepClone();
            }
            else if (own is JsonObject map && value is JsonObject more && (Maps.Contains(name) || name == "sourceLabels"))
            {
                foreach ((string key, JsonNode? item) in more)
                {
                    if (!map.ContainsKey(key))
                    {
                        map[key] = item?.DeepClone();
                    }
                }
            }
        }

        return united;
    }

    private static bool Has(JsonNode? map, string key, out JsonNode? value)
    {
        value = null;
        return map is JsonObject entries && entries.TryGetPropertyValue(key, out value);
    }

    private static bool Both(JsonObject root, JsonObject child, string name) => VirtualServiceDelegates.Text(root, name).Length > 0 && VirtualServiceDelegates.Text(child, name).Length > 0;

    private static bool Flag(JsonObject match, string name) => match[name] is JsonValue value && value.TryGetValue(out bool flag) && flag;

    private static int Number(JsonObject match) => match["port"] is JsonValue value && value.TryGetValue(out int port) ? port : 0;
}
