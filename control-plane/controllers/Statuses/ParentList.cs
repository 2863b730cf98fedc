using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>
/// <c>status.parents</c> of a route, or <c>status.ancestors</c> of a policy, as it is and as it should be (control-plane reference 8.5, 8.6): others' entries stay as and where they are, ours are changed where they are,
/// new ones come last in an order of their own, and those of parents that the route no longer has go. Pure functions.
/// </summary>
public static class ParentList
{
    /// <summary>The whole list as it should be, or null when it is that already.</summary>
    /// <param name="form">Which list it is.</param>
    /// <param name="status">The object's status as it was read.</param>
    /// <param name="routeNamespace">The object's namespace.</param>
    /// <param name="wanted">What we say about each parent.</param>
    /// <param name="generation">The generation of the object that was looked at.</param>
    /// <param name="now">The time of what changes.</param>
    public static JsonArray? Merge(ParentListForm form, JsonElement status, string routeNamespace, IReadOnlyList<ParentConditions> wanted, long generation, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(form);
        ArgumentNullException.ThrowIfNull(wanted);
        var merged = new JsonArray();
        HashSet<(string, ParentReference)> seen = [];
        bool isSame = true;
        foreach (JsonElement entry in Entries(form, status))
        {
            string? controller = ControllerOf(entry);
            if (!form.Controllers.Contains(controller))
            {
                merged.Add((JsonNode?)JsonNode.Parse(entry.GetRawText()));
                continue;
            }

            ParentReference parent = ParentReference.Read(entry.TryGetProperty(form.Reference, out JsonElement reference) ? reference : default).Whole(routeNamespace);
            ParentConditions? asked = wanted.FirstOrDefault(candidate => candidate.Controller == controller && candidate.Parent.Whole(routeNamespace) == parent);
            if (asked is null || !seen.Add((controller!, parent)))
            {
                isSame = false;
                continue;
            }

            IReadOnlyList<Condition>? conditions = asked.Wanted is null ? null : ConditionList.Merge(Conditions(entry), asked.Wanted, form.Types, generation, now);
            isSame &= conditions is null;
            merged.Add(conditions is null ? JsonNode.Parse(entry.GetRawText()) : Entry(form, asked, conditions));
        }

        IEnumerable<ParentConditions> added = wanted.Where(candidate => candidate.Wanted is not null && !seen.Contains((candidate.Controller, candidate.Parent.Whole(routeNamespace))));
        foreach (ParentConditions parent in added.OrderBy(static parent => Order(parent), StringComparer.Ordinal).Take(Math.Max(0, form.Most - merged.Count)))
        {
            isSame = false;
            merged.Add((JsonNode)Entry(form, parent, ConditionList.Merge([], parent.Wanted!, form.Types, generation, now) ?? []));
        }

        return isSame ? null : merged;
    }

    private static JsonObject Entry(ParentListForm form, ParentConditions said, IReadOnlyList<Condition> conditions) =>
        new() { [form.Reference] = said.Parent.ToJson(), ["controllerName"] = said.Controller, ["conditions"] = ConditionList.ToJson(conditions) };

    private static IEnumerable<JsonElement> Entries(ParentListForm form, JsonElement status) =>
        status.ValueKind == JsonValueKind.Object && status.TryGetProperty(form.List, out JsonElement parents) && parents.ValueKind == JsonValueKind.Array ? parents.EnumerateArray() : [];

    private static string? ControllerOf(JsonElement entry) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("controllerName", out JsonElement name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;

    private static List<Condition> Conditions(JsonElement entry) => StatusConditions.Read(entry);

    private static string Order(ParentConditions said) =>
        $"{said.Parent.Kind}/{said.Parent.Namespace}/{said.Parent.Name}/{said.Parent.SectionName}/{said.Parent.Port ?? 0:D5}";
}
