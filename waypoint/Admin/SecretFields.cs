using System.Text.Json;
using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Admin;

/// <summary>Header fields as dumps show them: values that let somebody in are left out. Pure.</summary>
internal static class SecretFields
{
    /// <summary>What stands in place of a secret.</summary>
    public const string Redacted = "[redacted]";

    private static readonly string[] Words = ["authorization", "cookie", "token", "secret", "password", "key", "credential"];

    /// <summary>Whether the value of a field of that name is nobody's business.</summary>
    public static bool IsSecret(string name) => Array.Exists(Words, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>Fields as an object; none are left out.</summary>
    public static void Write(Utf8JsonWriter json, string member, IReadOnlyCollection<HeaderValue> fields, bool isAllSecret = false)
    {
        if (fields.Count == 0)
        {
            return;
        }

        json.WriteStartArray(member);
        foreach (HeaderValue field in fields)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, field.Name);
            json.WriteString("value"u8, isAllSecret || IsSecret(field.Name) ? Redacted : field.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
