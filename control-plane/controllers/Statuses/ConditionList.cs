using System.Text.Json.Nodes;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>Conditions as they are and as they should be (control-plane reference 3.8). Pure functions.</summary>
public static class ConditionList
{
    /// <summary>
    /// The whole list as it should be, or null when it is that already: others' conditions stay as and where they are, ours that are not wanted go, and a
    /// time changes only with its status.
    /// </summary>
    /// <param name="existing">What is there.</param>
    /// <param name="wanted">What we want to be there.</param>
    /// <param name="ours">The types that are ours to set and to remove.</param>
    /// <param name="generation">The generation of the object that was looked at.</param>
    /// <param name="now">The time of what changes.</param>
    public static IReadOnlyList<Condition>? Merge(IReadOnlyList<Condition> existing, IReadOnlyList<Condition> wanted, IReadOnlyCollection<string> ours, long generation, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(existing);
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(ours);
        var merged = new List<Condition>();
        bool isSame = true;
        foreach (Condition there in existing)
        {
            Condition? asked = wanted.FirstOrDefault(candidate => candidate.Type == there.Type);
            if (asked is null && ours.Contains(there.Type))
            {
                isSame = false;
                continue;
            }

            Condition next = asked is null ? there : asked with
            {
                ObservedGeneration = generation,
                LastTransitionTime = asked.Status == there.Status ? there.LastTransitionTime ?? now : now,
            };
            isSame &= asked is null || (next.Status == there.Status && next.Reason == there.Reason && next.Message == there.Message && next.ObservedGeneration == (there.ObservedGeneration ?? 0));
            merged.Add(next);
        }

        foreach (Condition added in wanted.Where(candidate => existing.All(there => there.Type != candidate.Type)))
        {
            isSame = false;
            merged.Add(added with { ObservedGeneration = generation, LastTransitionTime = now });
        }

        return isSame ? null : merged;
    }

    /// <summary>As JSON.</summary>
    public static JsonArray ToJson(IReadOnlyList<Condition> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        return [.. conditions.Select(static condition =>
        {
            var json = new JsonObject { ["type"] = condition.Type, ["status"] = condition.Status, ["reason"] = condition.Reason, ["message"] = condition.Message };
            if (condition.LastTransitionTime is { } time)
            {
                json["lastTransitionTime"] = time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
            }

            if (condition.ObservedGeneration is { } generation)
            {
                json["observedGeneration"] = generation;
            }

            return (JsonNode)json;
        })];
    }
}
