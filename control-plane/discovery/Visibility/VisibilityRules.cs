using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Visibility;

/// <summary><c>serviceEntryVisibility</c> of MeshConfig: the first policy that matches decides, else the default (control-plane reference 2.6). Immutable.</summary>
internal sealed class VisibilityRules
{
    private const string Field = "serviceEntryVisibility";
    private readonly EntryVisibility _usual;
    private readonly IReadOnlyList<VisibilityRule> _rules;

    private VisibilityRules(bool isConfigured, EntryVisibility usual, IReadOnlyList<VisibilityRule> rules) => (IsConfigured, _usual, _rules) = (isConfigured, usual, rules);

    /// <summary>Nobody said anything: all of them are for the whole mesh.</summary>
    internal static VisibilityRules Absent { get; } = new(false, EntryVisibility.Public, []);

    /// <summary>Nobody knows what was meant: no more than what the narrowest useful rule shows.</summary>
    internal static VisibilityRules Unreadable { get; } = new(true, EntryVisibility.Namespace, []);

    /// <summary>Whether MeshConfig says anything: then entries' statuses do, too.</summary>
    internal bool IsConfigured { get; }

    /// <summary>Who may see the entries of a namespace.</summary>
    internal EntryVisibility Of(StringMap namespaceLabels) =>
        _rules.FirstOrDefault(rule => rule.Namespaces.All(selector => selector.Matches(namespaceLabels)))?.Result ?? _usual;

    /// <summary>Reads MeshConfig. A field that is not known is an error: what is misspelt could show what is to be hidden.</summary>
    internal static bool TryRead(string? yaml, [NotNullWhen(true)] out VisibilityRules? rules, [NotNullWhen(false)] out string? error) =>
        MeshConfigReader.TryRead(yaml, Field, Absent, Read, out rules, out error);

    private static VisibilityRules Read(JsonElement json)
    {
        // applyToSidecars is about proxies that we do not have.
        MeshConfigReader.Know(json, Field, "defaultVisibility", "policies", "applyToSidecars");
        EntryVisibility usual = json.TryGetProperty("defaultVisibility", out JsonElement said) ? Value(said, Field + ".defaultVisibility") : EntryVisibility.Public;
        var rules = new List<VisibilityRule>();
        foreach (JsonElement policy in MeshConfigReader.Items(json, "policies", Field))
        {
            string path = $"{Field}.policies[{rules.Count}]";
            MeshConfigReader.Know(policy, path, "visibility", "matchingRules");
            var selectors = new List<LabelSelector>();
            foreach (JsonElement rule in MeshConfigReader.Items(policy, "matchingRules", path))
            {
                string at = $"{path}.matchingRules[{selectors.Count}]";
                MeshConfigReader.Know(rule, at, "namespaceSelector");
                selectors.Add(rule.TryGetProperty("namespaceSelector", out JsonElement selector) ? MeshConfigReader.Selector(selector, at + ".namespaceSelector") : new LabelSelector());
            }

            rules.Add(new VisibilityRule(policy.TryGetProperty("visibility", out JsonElement result) ? Value(result, path + ".visibility") : EntryVisibility.Public, selectors));
        }

        return new VisibilityRules(true, usual, rules);
    }

    private static EntryVisibility Value(JsonElement json, string path) => (json.ValueKind == JsonValueKind.String ? json.GetString() : null) switch
    {
        "PUBLIC" or "" or "UNSPECIFIED" => EntryVisibility.Public,
        "NAMESPACE" => EntryVisibility.Namespace,
        "NONE" => EntryVisibility.None,
        _ => throw new FormatException($"{path}: {json.GetRawText()} is not known; allowed: PUBLIC, NAMESPACE, NONE"),
    };
}
