using System.Text.Json;
using Ambient.Kubernetes.Resources.Istio;

namespace Ambient.Kubernetes.Resources.Shapes;

/// <summary>
/// The strictest policy that one which cannot be read may have been: it takes part wherever the damaged one could have, and allows nothing that
/// the damaged one could have denied. Pure functions over foreign JSON.
/// </summary>
internal static class PolicyRemains
{
    /// <summary>Of an AuthorizationPolicy: it denies everything to whom it selects, or, when it is certain that it only allows, it allows nothing.</summary>
    public static AuthorizationPolicy OfAuthorization(JsonElement damaged)
    {
        JsonElement spec = Field(damaged, "spec");
        IReadOnlyList<TargetReference> targets = Targets(spec);
        string action = Action(spec, targets.Count > 0);
        return new AuthorizationPolicy
        {
            Metadata = Metadata(damaged, ""),
            Spec = new AuthorizationPolicySpec
            {
                Selector = Selector(spec),
                TargetRefs = targets,
                Action = action,
                Rules = action == "DENY" ? [new AuthorizationRule()] : [],
            },
        };
    }

    /// <summary>Of a PeerAuthentication: a policy that denies callers without an identity. It adds to others, so no older one has its way instead.</summary>
    public static AuthorizationPolicy OfPeer(JsonElement damaged) => new()
    {
        Metadata = Metadata(damaged, ReadProblem.PeerGuardPrefix),
        Spec = new AuthorizationPolicySpec
        {
            Selector = Selector(Field(damaged, "spec")),
            Action = "DENY",
            Rules = [new AuthorizationRule { From = [new RuleFrom { Source = new RuleSource { NotPrincipals = ["*"] } }] }],
        },
    };

    private static string Action(JsonElement spec, bool isTargeted)
    {
        // A field that is not known could be the action, misspelt.
        if (spec.ValueKind != JsonValueKind.Object || spec.EnumerateObject().Any(static field => !PolicyShapes.AuthorizationFields.Contains(field.Name)))
        {
            return "DENY";
        }

        return spec.TryGetProperty("action", out JsonElement action) ? Text(action) switch
        {
            "ALLOW" => "ALLOW",
            "AUDIT" => "AUDIT",

            // Nobody but a waypoint asks others; there nobody can be asked.
            "CUSTOM" when !isTargeted => "CUSTOM",
            _ => "DENY",
        }
        : "ALLOW";
    }

    /// <summary>The targets; when they cannot be read, everything that they could have been.</summary>
    private static IReadOnlyList<TargetReference> Targets(JsonElement spec)
    {
        JsonElement one = Field(spec, "targetRef"), several = Field(spec, "targetRefs");
        IEnumerable<JsonElement> all = several.ValueKind == JsonValueKind.Array ? several.EnumerateArray() : [];
        bool isDamaged = several.ValueKind is not (JsonValueKind.Array or JsonValueKind.Undefined);
        all = one.ValueKind == JsonValueKind.Undefined ? all : all.Append(one);
        JsonElement[] found = [.. all];
        return isDamaged || found.Any(static target => PolicyShapes.Target.Check(target, "") is not null)
            ? [TargetReference.Everything]
            : [.. found.Select(static target => new TargetReference
            {
                Group = Text(Field(target, "group")) ?? "",
                Kind = Text(Field(target, "kind")) ?? "",
                Name = Text(Field(target, "name")) ?? "",
                Namespace = Text(Field(target, "namespace")),
            })];
    }

    /// <summary>Fewer labels select more workloads; none at all select all of the namespace.</summary>
    private static WorkloadSelector? Selector(JsonElement spec)
    {
        StringMap labels = Texts(Field(Field(spec, "selector"), "matchLabels"));
        return labels.Count == 0 ? null : new WorkloadSelector { MatchLabels = labels };
    }

    private static ObjectMeta Metadata(JsonElement damaged, string prefix)
    {
        JsonElement meta = Field(damaged, "metadata");
        return new ObjectMeta
        {
            Name = prefix + Text(Field(meta, "name")),
            Namespace = Text(Field(meta, "namespace")) ?? "",
            Uid = Text(Field(meta, "uid")) ?? "",
            ResourceVersion = Text(Field(meta, "resourceVersion")) ?? "",
            Labels = Texts(Field(meta, "labels")),
            Annotations = Texts(Field(meta, "annotations")),
        };
    }

    private static StringMap Texts(JsonElement map) => map.ValueKind != JsonValueKind.Object ? StringMap.Empty
        : StringMap.Of(map.EnumerateObject().Where(static field => field.Value.ValueKind == JsonValueKind.String).Select(static field => KeyValuePair.Create(field.Name, Text(field.Value) ?? "")));

    private static JsonElement Field(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement found) ? found : default;

    private static string? Text(JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString() : null;
}
