using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Ambient.Routing.Tokens;

/// <summary>Whether a text is a key set that tokens can be verified with. Pure.</summary>
public static class KeySetCheck
{
    private const int LongestKind = 16;

    /// <summary>False with the reason: no JSON, no keys, or none of a kind that can be used.</summary>
    public static bool IsUsable(string json, [NotNullWhen(false)] out string? problem)
    {
        _ = SigningKeys.Read(json, out problem);
        return problem is null;
    }

    /// <summary>Kinds of keys in a set that no token can be verified with, such as <c>OKP</c> (EdDSA); none of what cannot be read.</summary>
    public static IReadOnlyCollection<string> PassedOver(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("keys", out JsonElement keys) || keys.ValueKind != JsonValueKind.Array ? []
                : [.. keys.EnumerateArray().Select(KindOf).Where(static kind => kind.Length is > 0 and <= LongestKind && !SigningKeys.Knows(kind)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static string KindOf(JsonElement key) =>
        key.ValueKind == JsonValueKind.Object && key.TryGetProperty("kty", out JsonElement kind) && kind.ValueKind == JsonValueKind.String ? kind.GetString()! : "";
}
