using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Ambient.Kubernetes.Manifests;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Scopes;

/// <summary>
/// Which services are reachable from other clusters: <c>serviceScopeConfigs</c> of MeshConfig, and what the ambient profile ships when it says nothing
/// (control-plane reference 9.5). Immutable.
/// </summary>
internal sealed class ServiceScopes
{
    private const string Field = "serviceScopeConfigs";
    private static readonly string[] Operators = ["In", "NotIn", "Exists", "DoesNotExist"];
    private readonly IReadOnlyList<ServiceScopeRule> _rules;

    private ServiceScopes(IReadOnlyList<ServiceScopeRule> rules) => _rules = rules;

    /// <summary>Services with the label <c>istio.io/global: "true"</c>.</summary>
    internal static ServiceScopes Shipped { get; } = new([new ServiceScopeRule(null, Selector("istio.io/global", "true"), IsGlobal: true)]);

    /// <summary>Reads MeshConfig; null, empty, or without the field: what is shipped.</summary>
    internal static bool TryRead(string? yaml, [NotNullWhen(true)] out ServiceScopes? scopes, [NotNullWhen(false)] out string? error)
    {
        (scopes, error) = (Shipped, null);
        if (string.IsNullOrWhiteSpace(yaml))
        {
            return true;
        }

        if (!YamlDocument.TryRead(yaml, out IReadOnlyList<YamlDocument> documents, out YamlProblem? problem) || documents.Count > 1)
        {
            (scopes, error) = (null, problem?.ToString() ?? "must be one document");
            return false;
        }

        if (documents.Count == 0)
        {
            return true;
        }

        using JsonDocument json = JsonDocument.Parse(documents[0].Json);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty(Field, out JsonElement list) || list.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        scopes = Read(list, out error);
        return scopes is not null;
    }

    /// <summary>Whether a service is reachable from other clusters by its own labels and its namespace's.</summary>
    internal bool IsGlobal(StringMap labels, StringMap namespaceLabels)
    {
        foreach (ServiceScopeRule rule in _rules)
        {
            if (rule.IsGlobal && (rule.Namespaces?.Matches(namespaceLabels) ?? true) && (rule.Services?.Matches(labels) ?? true))
            {
                return true;
            }
        }

        return false;
    }

    private static ServiceScopes? Read(JsonElement list, out string? error)
    {
        error = null;
        if (list.ValueKind != JsonValueKind.Array)
        {
            error = $"{Field}: must be a list";
            return null;
        }

        var rules = new List<ServiceScopeRule>();
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (ReadRule(item, $"{Field}[{rules.Count}]", out error) is not { } rule)
            {
                return null;
            }

            rules.Add(rule);
        }

        return new ServiceScopes(rules);
    }

    private static ServiceScopeRule? ReadRule(JsonElement item, string path, out string? error)
    {
        error = null;
        if (item.ValueKind != JsonValueKind.Object)
        {
            error = $"{path}: must be an object";
            return null;
        }

        // What is misspelt would select everything: a field that is not known is an error.
        if (item.EnumerateObject().Select(static field => field.Name).FirstOrDefault(static name => name is not ("namespaceSelector" or "servicesSelector" or "scope")) is { } unknown)
        {
            error = $"{path}.{unknown}: is not known; allowed: namespaceSelector, servicesSelector, scope";
            return null;
        }

        string scope = item.TryGetProperty("scope", out JsonElement said) && said.ValueKind == JsonValueKind.String ? said.GetString()! : "LOCAL";
        if (scope is not ("GLOBAL" or "LOCAL"))
        {
            error = $"{path}.scope: '{scope}' is not known; allowed: GLOBAL, LOCAL";
            return null;
        }

        return TrySelector(item, "namespaceSelector", path, out LabelSelector? namespaces, out error) && TrySelector(item, "servicesSelector", path, out LabelSelector? services, out error)
            ? new ServiceScopeRule(namespaces, services, scope == "GLOBAL")
            : null;
    }

    private static bool TrySelector(JsonElement item, string name, string path, out LabelSelector? selector, out string? error)
    {
        (selector, error) = (null, null);
        if (!item.TryGetProperty(name, out JsonElement json) || json.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        path = $"{path}.{name}";
        if (json.ValueKind != JsonValueKind.Object)
        {
            error = $"{path}: must be a label selector";
            return false;
        }

        var labels = new List<(string, string)>();
        var expressions = new List<LabelRequirement>();
        foreach (JsonProperty field in json.EnumerateObject())
        {
            error = field.Name switch
            {
                "matchLabels" => Labels(field.Value, labels) ? null : $"{path}.matchLabels: must be texts by name",
                "matchExpressions" => Expressions(field.Value, expressions) ? null : $"{path}.matchExpressions: must be a list of key, operator ({string.Join(", ", Operators)}) and values",
                _ => $"{path}.{field.Name}: is not known; allowed: matchLabels, matchExpressions",
            };
            if (error is not null)
            {
                return false;
            }
        }

        selector = new LabelSelector { MatchLabels = StringMap.Of([.. labels]), MatchExpressions = expressions };
        return true;
    }

    private static bool Labels(JsonElement json, List<(string, string)> labels)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        foreach (JsonProperty label in json.EnumerateObject())
        {
            if (label.Value.ValueKind != JsonValueKind.String)
            {
                return false;
            }

            labels.Add((label.Name, label.Value.GetString()!));
        }

        return true;
    }

    private static bool Expressions(JsonElement json, List<LabelRequirement> expressions)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        foreach (JsonElement item in json.EnumerateArray())
        {
            bool isReadable = item.ValueKind == JsonValueKind.Object
                && item.TryGetProperty("key", out JsonElement key) && key.ValueKind == JsonValueKind.String
                && item.TryGetProperty("operator", out JsonElement operation) && operation.ValueKind == JsonValueKind.String && Operators.Contains(operation.GetString())
                && (!item.TryGetProperty("values", out JsonElement values) || (values.ValueKind == JsonValueKind.Array && values.EnumerateArray().All(static value => value.ValueKind == JsonValueKind.String)));
            if (!isReadable)
            {
                return false;
            }

            expressions.Add(new LabelRequirement
            {
                Key = item.GetProperty("key").GetString()!,
                Operator = item.GetProperty("operator").GetString()!,
                Values = item.TryGetProperty("values", out JsonElement texts) ? [.. texts.EnumerateArray().Select(static text => text.GetString()!)] : [],
            });
        }

        return true;
    }

    private static LabelSelector Selector(string key, string value) => new() { MatchExpressions = [new LabelRequirement { Key = key, Operator = "In", Values = [value] }] };
}
