using System.Text.Json;

namespace Ambient.Cli.Dumps;

/// <summary>Reads members of foreign JSON: what is missing or of another kind is empty, never an exception. Pure.</summary>
internal static class DumpJson
{
    /// <summary>A text; empty when it is none.</summary>
    public static string Text(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "";

    /// <summary>A whole number; null when it is none, or does not fit.</summary>
    public static long? Number(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out long number) ? number : null;

    /// <summary>Whether a member is <c>true</c>.</summary>
    public static bool Flag(this JsonElement element, string name) => element.Member(name) is { ValueKind: JsonValueKind.True };

    /// <summary>The items of a list; none when it is none.</summary>
    public static IEnumerable<JsonElement> List(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : [];

    /// <summary>The texts of a list.</summary>
    public static IEnumerable<string> Texts(this JsonElement element, string name) =>
        element.List(name).Where(static e => e.ValueKind == JsonValueKind.String).Select(static e => e.GetString()!);

    /// <summary>The members of an object; none when it is none.</summary>
    public static IEnumerable<JsonProperty> Fields(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Object } value ? value.EnumerateObject() : [];

    /// <summary>A member; null when it is not there.</summary>
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) ? value : null;
}
