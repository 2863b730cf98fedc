using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Ambient.Cni.Enrolment.Selectors;
using Ambient.Kubernetes.Manifests;

namespace Ambient.Cni.Agent.Settings;

/// <summary>
/// Reads enablement selectors as upstream's charts write them (cni-and-redirection.md 1.2): a YAML list, which JSON is as well. What is misspelt is an
/// error, because an absent selector means everything. Pure; foreign text gives errors.
/// </summary>
internal static class SelectorText
{
    /// <summary>The pairs; an empty text has none.</summary>
    public static bool TryRead(string text, out IReadOnlyList<EnablementSelector> selectors, [NotNullWhen(false)] out string? error)
    {
        selectors = [];
        error = null;
        if (!YamlDocument.TryRead(text, out IReadOnlyList<YamlDocument> documents, out YamlProblem? problem))
        {
            error = "not YAML: " + problem;
            return false;
        }

        if (documents.Count == 0)
        {
            return true;
        }

        using JsonDocument document = JsonDocument.Parse(documents[0].Json);
        if (documents.Count > 1 || document.RootElement.ValueKind != JsonValueKind.Array)
        {
            error = "not a list";
            return false;
        }

        try
        {
            selectors = [.. document.RootElement.EnumerateArray().Select(Pair)];
            return true;
        }
        catch (FormatException wrong)
        {
            error = wrong.Message;
            return false;
        }
    }

    private static EnablementSelector Pair(JsonElement pair)
    {
        Refuse(pair, "a pair", "podSelector", "namespaceSelector");
        return new EnablementSelector(Selector(pair, "podSelector"), Selector(pair, "namespaceSelector"));
    }

    private static LabelSelector Selector(JsonElement pair, string name)
    {
        if (!pair.TryGetProperty(name, out JsonElement selector) || selector.ValueKind == JsonValueKind.Null)
        {
            return LabelSelector.Everything;
        }

        Refuse(selector, name, "matchLabels", "matchExpressions");
        List<LabelExpression> expressions = [];
        if (selector.TryGetProperty("matchLabels", out JsonElement labels) && labels.ValueKind != JsonValueKind.Null)
        {
            Require(labels.ValueKind == JsonValueKind.Object, name + ".matchLabels is not an object");
            expressions.AddRange(labels.EnumerateObject().Select(l => new LabelExpression(l.Name, LabelOperator.In, [TextOf(l.Value, name + ".matchLabels." + l.Name)])));
        }

        if (selector.TryGetProperty("matchExpressions", out JsonElement list) && list.ValueKind != JsonValueKind.Null)
        {
            Require(list.ValueKind == JsonValueKind.Array, name + ".matchExpressions is not a list");
            expressions.AddRange(list.EnumerateArray().Select(e => Expression(e, name + ".matchExpressions")));
        }

        return new LabelSelector(expressions);
    }

    private static LabelExpression Expression(JsonElement expression, string place)
    {
        Refuse(expression, place, "key", "operator", "values");
        string key = expression.TryGetProperty("key", out JsonElement k) ? TextOf(k, place + ".key") : "";
        Require(key.Length > 0, place + " has no key");
        LabelOperator comparison = (expression.TryGetProperty("operator", out JsonElement o) ? TextOf(o, place + ".operator") : "") switch
        {
            "In" => LabelOperator.In,
            "NotIn" => LabelOperator.NotIn,
            "Exists" => LabelOperator.Exists,
            "DoesNotExist" => LabelOperator.DoesNotExist,
            var other => throw new FormatException($"{place}.operator {other} is not In, NotIn, Exists or DoesNotExist"),
        };
        string[] values = expression.TryGetProperty("values", out JsonElement v) && v.ValueKind != JsonValueKind.Null
            ? v.ValueKind == JsonValueKind.Array ? [.. v.EnumerateArray().Select(e => TextOf(e, place + ".values"))] : throw new FormatException(place + ".values is not a list")
            : [];
        bool needsValues = comparison is LabelOperator.In or LabelOperator.NotIn;
        Require(values.Length > 0 == needsValues, $"{place}: {comparison} {(needsValues ? "needs" : "has no")} values");
        return new LabelExpression(key, comparison, values);
    }

    private static void Refuse(JsonElement element, string place, params string[] known)
    {
        Require(element.ValueKind == JsonValueKind.Object, place + " is not an object");
        foreach (JsonProperty field in element.EnumerateObject())
        {
            Require(known.Contains(field.Name), $"{place} has an unknown field {field.Name}");
        }
    }

    private static string TextOf(JsonElement value, string place) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException(place + " is not a text");

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new FormatException(otherwise);
        }
    }
}
