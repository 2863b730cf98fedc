using System.Text.Json.Nodes;

namespace Ambient.ControlPlane.Discovery.Tests.Policies;

/// <summary>Makes a field wrong in type or value. What would be another valid policy is not a damage, and is not made.</summary>
internal static class Damage
{
    private static readonly string[] WrongTypes = ["7", "true", "\"oops\"", "null", "[[]]", "{\"x\":1}", "1.5e400", "[null]", "\"\""];

    /// <summary>Damages one field; the path and what was done.</summary>
    public static string Do(JsonObject policy, Random random)
    {
        while (true)
        {
            List<(JsonNode Parent, string Path, object Step)> places = [];
            Walk(policy, "", places);
            (JsonNode parent, string path, object step) = places[random.Next(places.Count)];
            string done = step is string name ? InObject((JsonObject)parent, path, name, random) : InList((JsonArray)parent, path, (int)step, random);
            if (done.Length > 0)
            {
                return done;
            }
        }
    }

    private static string InObject(JsonObject parent, string path, string name, Random random)
    {
        bool isLabel = path.Contains("abels", StringComparison.Ordinal) && !path.EndsWith("abels", StringComparison.Ordinal);
        if (!isLabel && path.Length > 0 && random.Next(3) == 0)
        {
            // A name that is misspelt.
            JsonNode? value = parent[name];
            parent.Remove(name);
            parent[name + "s"] = value;
            return $"{path} -> {name}s";
        }

        string wrong = Wrong(parent[name], isText: parent[name] is JsonValue, isLabel, path, random);
        if (wrong.Length == 0)
        {
            return "";
        }

        parent[name] = Parse(wrong);
        return $"{path} = {wrong}";
    }

    private static string InList(JsonArray parent, string path, int at, Random random)
    {
        string wrong = Wrong(parent[at], isText: parent[at] is JsonValue, isLabel: false, path, random);
        if (wrong.Length == 0)
        {
            return "";
        }

        parent[at] = Parse(wrong);
        return $"{path} = {wrong}";
    }

    private static string Wrong(JsonNode? now, bool isText, bool isLabel, string path, Random random)
    {
        if (isText && !isLabel && random.Next(2) == 0 && Values(path) is { Length: > 0 } values)
        {
            return $"\"{values[random.Next(values.Length)]}\"";
        }

        string wrong = WrongTypes[random.Next(WrongTypes.Length)];
        bool isWrong = now switch
        {
            // Any text is a valid one, unless it is known better above.
            JsonValue => wrong is not "\"oops\"" && !(wrong == "\"\"" && (isLabel || !path.Contains("rules", StringComparison.Ordinal) || path.EndsWith(".key", StringComparison.Ordinal))),
            JsonArray => true,

            // An object of texts by any names.
            _ => !(path.EndsWith("abels", StringComparison.Ordinal) || path.EndsWith("nnotations", StringComparison.Ordinal)) || wrong != "{\"x\":\"1\"}",
        };
        return isWrong ? wrong : "";
    }

    /// <summary>Texts that a field cannot have.</summary>
    private static string[] Values(string path) =>
        path.EndsWith("action", StringComparison.Ordinal) ? ["deny", "DENNY", "", "ALLOW "]
        : path.EndsWith(".mode", StringComparison.Ordinal) ? ["strict", "STRCIT", ""]
        : path.EndsWith(".key", StringComparison.Ordinal) ? ["source.ipp", "destination", "port"]
        : path.Contains("orts[", StringComparison.Ordinal) ? ["http", "0", "65536", "-1", "80-90", ""]
        : path.Contains("ocks[", StringComparison.Ordinal) ? ["10.0.0.0/33", "10.0.0", "everywhere", "1.2.3.4/", ""]
        : path.Contains("rincipals[", StringComparison.Ordinal) || path.Contains("amespaces[", StringComparison.Ordinal) ? ["a*b", "*a*", ""]
        : path.Contains("ccounts[", StringComparison.Ordinal) ? ["a/b/c", "a/", "/b", "a*", ""]
        : [];

    private static void Walk(JsonNode node, string path, List<(JsonNode, string, object)> places)
    {
        switch (node)
        {
            case JsonObject map:
                foreach ((string name, JsonNode? child) in map)
                {
                    string at = path.Length == 0 ? name : $"{path}.{name}";
                    if (at is "metadata" or "metadata.name" or "metadata.namespace")
                    {
                        if (at == "metadata")
                        {
                            Walk(child!, at, places);
                        }

                        continue;
                    }

                    places.Add((map, at, name));
                    if (child is not null)
                    {
                        Walk(child, at, places);
                    }
                }

                break;
            case JsonArray list:
                for (int at = 0; at < list.Count; at++)
                {
                    places.Add((list, $"{path}[{at}]", at));
                    if (list[at] is { } child)
                    {
                        Walk(child, $"{path}[{at}]", places);
                    }
                }

                break;
            default:
                break;
        }
    }

    private static JsonNode? Parse(string text) => JsonNode.Parse(text);
}
