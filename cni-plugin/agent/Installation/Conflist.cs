using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ambient.Cni.Agent.Installation;

/// <summary>CNI configurations as text: reads them, adds our entry, takes it out (cni-and-redirection.md 3.3). Pure; foreign text gives errors.</summary>
public static class Conflist
{
    /// <summary>Type of our entry: the plugin's file name.</summary>
    public const string PluginType = "ambient-cni";

    /// <summary>Key of our entry in a file that is ours as a whole: it goes with us, and is nobody's primary.</summary>
    public const string OwnFileMark = "ambient_own_file";

    private const string ListVersion = "0.3.1";
    private const string AloneVersion = "1.0.0";

    /// <summary>For a plugin without a name.</summary>
    private const string ListName = "k8s-pod-network";
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 32, AllowTrailingCommas = false };
    private static readonly JsonWriterOptions Writing = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    /// <summary>Whether a runtime could use the text: a list with a name and plugins, or a single plugin with a type.</summary>
    public static bool IsUsable(string text, bool isList, out string? error)
    {
        if (!TryParse(text, out JsonObject? root, out error))
        {
            return false;
        }

        error = isList
            ? TextOf(root!["name"]) is null ? "the list has no name" : root["plugins"] is not JsonArray { Count: > 0 } plugins ? "the list has no plugins" : plugins.Any(p => p is not JsonObject) ? "a plugin is not an object" : null
            : TextOf(root!["type"]) is null ? "the plugin has no type" : null;
        return error is null;
    }

    /// <summary>A configuration with our entry and nothing else.</summary>
    public static string Alone(JsonObject entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        entry["cniVersion"] = AloneVersion;
        return Render(entry);
    }

    /// <summary>The configuration with our entry last, once; a single plugin becomes a list. Keys are sorted, two spaces, a line feed at the end.</summary>
    public static bool TryAdd(string text, JsonObject entry, out string? result, out string? error)
    {
        ArgumentNullException.ThrowIfNull(entry);
        result = null;
        if (!TryParse(text, out JsonObject? root, out error))
        {
            return false;
        }

        JsonObject list = root!;
        if (root!.ContainsKey("plugins"))
        {
            if (root["plugins"] is not JsonArray found || found.Any(p => p is not JsonObject))
            {
                error = "plugins is not an array of objects";
                return false;
            }
        }
        else if (TextOf(root["type"]) is not null)
        {
            // The runtime gives every plugin the list's name, and address plugins keep their leases by it: under another name they would give
            // addresses of running pods again.
            string name = TextOf(root["name"]) ?? ListName;
            root.Remove("cniVersion");
            list = new JsonObject { ["cniVersion"] = ListVersion, ["name"] = name, ["plugins"] = new JsonArray(root) };
        }
        else
        {
            error = "neither a list of plugins nor a plugin with a type";
            return false;
        }

        var plugins = (JsonArray)list["plugins"]!;
        RemoveOurs(plugins);
        plugins.Add(entry.DeepClone());
        result = Render(list);
        return true;
    }

    /// <summary>The configuration without our entry; null when it has none.</summary>
    public static bool TryRemove(string text, out string? result, out string? error)
    {
        result = null;
        if (!TryParse(text, out JsonObject? root, out error))
        {
            return false;
        }

        if (root!["plugins"] is JsonArray plugins && RemoveOurs(plugins) > 0)
        {
            result = Render(root);
        }

        return true;
    }

    /// <summary>Whether a configuration is a file of our own, not the primary's.</summary>
    public static bool IsOwnFile(string text) =>
        TryParse(text, out JsonObject? root, out _) && root!["plugins"] is JsonArray plugins
        && plugins.Any(p => IsOurs(p) && p![OwnFileMark] is JsonValue mark && mark.TryGetValue(out bool isOwn) && isOwn);

    /// <summary>Whether a configuration names our plugin.</summary>
    public static bool Names(string text) =>
        TryParse(text, out JsonObject? root, out _) && (TextOf(root!["type"]) == PluginType || (root["plugins"] is JsonArray plugins && plugins.Any(IsOurs)));

    private static bool TryParse(string text, out JsonObject? root, out string? error)
    {
        root = null;
        try
        {
            root = JsonNode.Parse(text, null, Reading) as JsonObject;

            // Doubled keys and texts that are no Unicode only show when they are looked at.
            Look(root);
            error = root is null ? "not a JSON object" : null;
        }
        catch (Exception wrong) when (wrong is JsonException or ArgumentException or InvalidOperationException)
        {
            error = "not JSON: " + wrong.Message;
            root = null;
        }

        return root is not null;
    }

    private static void Look(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                foreach ((_, JsonNode? value) in map)
                {
                    Look(value);
                }

                break;
            case JsonArray list:
                foreach (JsonNode? value in list)
                {
                    Look(value);
                }

                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                _ = value.GetValue<string>();
                break;
            default:
                break;
        }
    }

    private static int RemoveOurs(JsonArray plugins)
    {
        int removed = 0;
        for (int i = plugins.Count - 1; i >= 0; i--)
        {
            if (IsOurs(plugins[i]))
            {
                plugins.RemoveAt(i);
                removed++;
            }
        }

        return removed;
    }

    private static bool IsOurs(JsonNode? plugin) => plugin is JsonObject entry && TextOf(entry["type"]) == PluginType;

    private static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;

    private static string Render(JsonObject root)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            Write(writer, root);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                writer.WriteStartObject();
                foreach ((string key, JsonNode? value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(key);
                    Write(writer, value);
                }

                writer.WriteEndObject();
                break;
            case JsonArray list:
                writer.WriteStartArray();
                foreach (JsonNode? value in list)
                {
                    Write(writer, value);
                }

                writer.WriteEndArray();
                break;
            case null:
                writer.WriteNullValue();
                break;
            default:
                node.WriteTo(writer);
                break;
        }
    }
}
