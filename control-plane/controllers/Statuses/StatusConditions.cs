using System.Globalization;
using System.Text.Json;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>Conditions of a status that was kept as it was written. Pure functions.</summary>
internal static class StatusConditions
{
    /// <summary>Reads <c>conditions</c> of an object; what is no condition is left out.</summary>
    internal static List<Condition> Read(JsonElement json)
    {
        List<Condition> conditions = [];
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("conditions", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
        {
            return conditions;
        }

        foreach (JsonElement item in list.EnumerateArray())
        {
            if (Text(item, "type") is { Length: > 0 } type)
            {
                conditions.Add(new Condition
                {
                    Type = type,
                    Status = Text(item, "status") ?? "Unknown",
                    Reason = Text(item, "reason") ?? "",
                    Message = Text(item, "message") ?? "",
                    LastTransitionTime = DateTimeOffset.TryParse(Text(item, "lastTransitionTime"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null,
                    ObservedGeneration = Number(item, "observedGeneration"),
                });
            }
        }

        return conditions;
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // Istio writes 64-bit numbers as texts.
    private static long? Number(JsonElement json, string name) => !json.TryGetProperty(name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number
        : value.ValueKind == JsonValueKind.String && long.TryParse(value.GetString(), CultureInfo.InvariantCulture, out number) ? number
        : null;
}
