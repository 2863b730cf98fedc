using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>
/// Rules that leave it to another VirtualService what to do: what becomes of root and delegate together (waypoint reference 2.1). One level deep; what does not fit is
/// left out, and named. Pure.
/// </summary>
internal sealed class VirtualServiceDelegates(WaypointScope scope, Hosts hosts, ProblemList problems)
{
    private static readonly string[] Inherited =
        ["rewrite", "directResponse", "timeout", "retries", "fault", "mirror", "mirrors", "mirrorPercent", "mirrorPercentage", "mirror_percent", "corsPolicy", "headers"];

    /// <summary>The VirtualService that a rule names; null for a rule that names none.</summary>
    public static (string Namespace, string Name)? Named(SpecReader rule) => rule.Object("delegate") is { } named
        ? (named.Text("namespace") is { Length: > 0 } other ? other : rule.Source.Namespace, named.Text("name"))
        : null;

    /// <summary>The delegate's rules with what the root adds, in their order; none when there is no such delegate, or nothing of it fits.</summary>
    public IEnumerable<SpecReader> Expand(SpecReader root)
    {
        (string @namespace, string name) = Named(root)!.Value;
        RoutingObject? found = scope.Objects.FirstOrDefault(o => o.Kind == "VirtualService" && o.Namespace == @namespace && o.Name == name);
        if (Obstacle(found, root.Source.Namespace) is { } obstacle)
        {
            problems.Add(root.Source, RoutingProblem.Invalid, $"{root.Path}.delegate: VirtualService {@namespace}/{name} {obstacle}; the rule has no effect");
            return [];
        }

        problems.Use(found!);
        return Merged(root, found!);
    }

    private IEnumerable<SpecReader> Merged(SpecReader root, RoutingObject found)
    {
        JsonObject parent = (JsonObject)JsonNode.Parse(root.Json.GetRawText())!;
        foreach (SpecReader rule in new SpecReader(found, problems).Objects("http"))
        {
            if (rule.Json.ValueKind != JsonValueKind.Object)
            {
                continue;
            }

            if (rule.Has("delegate"))
            {
                problems.Add(found, RoutingProblem.UnsupportedValue, $"{rule.Path}.delegate: a delegate cannot delegate; the rule has no effect under {root.Source}");
                continue;
            }

            JsonObject child = (JsonObject)JsonNode.Parse(rule.Json.GetRawText())!;
            if (DelegateMatches.Merge(List(parent, "match"), List(child, "match")) is not { } matches)
            {
                problems.Add(found, RoutingProblem.NoEffect, $"{rule.Path}.match: one of its entries contradicts every entry of {root.Path} of {root.Source}; the rule has no effect there");
                continue;
            }

            Inherit(parent, child, root.Source.Namespace);
            child["match"] = matches;
            child["name"] = Join(Text(parent, "name"), Text(child, "name"));
            using JsonDocument document = JsonDocument.Parse(child.ToJsonString());
            yield return new SpecReader(found, problems, document.RootElement.Clone(), rule.Path);
        }
    }

    private static string? Obstacle(RoutingObject? found, string @namespace)
    {
        if (found is null)
        {
            return "does not exist";
        }

        SpecReader spec = new(found, new ProblemList());
        IReadOnlyList<string> exports = spec.Texts("exportTo");
        return spec.Texts("hosts").Count > 0 ? "has hosts of its own, which a delegate must not have"
            : exports.Count == 0 || exports.Any(to => to == "*" || to == @namespace || (to == "." && found.Namespace == @namespace)) ? null
            : $"is not exported to the namespace {@namespace}";
    }

    /// <summary>Whole fields that the delegate does not set; hosts in them are names of the root's namespace.</summary>
    private void Inherit(JsonObject parent, JsonObject child, string @namespace)
    {
        foreach (string field in Inherited)
        {
            if (child.ContainsKey(field) || parent[field] is not { } value)
            {
                continue;
            }

            JsonNode copy = value.DeepClone();
            Complete(copy as JsonObject, @namespace);
            foreach (JsonNode? item in copy as JsonArray ?? [])
            {
                Complete((item as JsonObject)?["destination"] as JsonObject, @namespace);
            }

            child[field] = copy;
        }
    }

    private void Complete(JsonObject? destination, string @namespace)
    {
        if (destination is not null && Text(destination, "host") is { Length: > 0 } host)
        {
            destination["host"] = hosts.Full(host, @namespace);
        }
    }

    private static List<JsonObject> List(JsonObject rule, string name) => [.. (rule[name] as JsonArray ?? []).OfType<JsonObject>()];

    internal static string Text(JsonObject owner, string name) => owner[name] is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    internal static string Join(string root, string child) => root.Length == 0 ? child : child.Length == 0 ? root : $"{root}-{child}";
}
