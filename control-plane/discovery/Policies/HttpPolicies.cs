using System.Text.Json;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;

namespace Ambient.ControlPlane.Discovery.Policies;

/// <summary>
/// The policies that only a waypoint can enforce, by what they are for: AuthorizationPolicies with conditions on HTTP or with an authoriser, and RequestAuthentications.
/// Not thread-safe.
/// </summary>
internal sealed class HttpPolicies
{
    private readonly Dictionary<(bool IsTokens, ResourceKey Policy), (string Kind, ResourceKey Key)[]> _targets = [];
    private readonly Dictionary<(string Kind, ResourceKey Key), int> _uses = [];

    /// <summary>Whether there is one for a target.</summary>
    internal bool Has(string kind, ResourceKey key) => _uses.ContainsKey((kind, key));

    /// <summary>Sets a policy; the targets of which something is different now.</summary>
    internal IReadOnlyList<(string Kind, ResourceKey Key)> Set(bool isTokens, ResourceKey policy, IEnumerable<(string Kind, ResourceKey Key)> now)
    {
        (string Kind, ResourceKey Key)[] targets = [.. now.Distinct()];
        _targets.Remove((isTokens, policy), out (string Kind, ResourceKey Key)[]? before);
        (string Kind, ResourceKey Key)[] touched = [.. (before ?? []).Union(targets)];
        bool[] had = [.. touched.Select(_uses.ContainsKey)];
        foreach ((string Kind, ResourceKey Key) target in before ?? [])
        {
            if (--_uses[target] == 0)
            {
                _uses.Remove(target);
            }
        }

        foreach ((string Kind, ResourceKey Key) target in targets)
        {
            _uses[target] = _uses.GetValueOrDefault(target) + 1;
        }

        if (targets.Length > 0)
        {
            _targets[(isTokens, policy)] = targets;
        }

        return [.. touched.Where((target, i) => had[i] != _uses.ContainsKey(target))];
    }

    /// <summary>What a policy is for, if only a waypoint can enforce it; else nothing. One that is only tried protects nobody.</summary>
    /// <param name="policy">The policy; null: there is none.</param>
    /// <param name="isGuard">
    /// Whether it stands for one that cannot be read, which may have had any conditions. When its targets cannot be read either, ztunnel enforces it in all of
    /// the namespace, and nothing more is needed.
    /// </param>
    internal static IEnumerable<(string Kind, ResourceKey Key)> Targets(AuthorizationPolicy? policy, bool isGuard) =>
        policy is null || AuthorizationConversion.IsDryRun(policy) || !(isGuard ? policy.Spec.Action != "AUDIT" : NeedsHttp(policy)) ? []
            : (policy.Spec.TargetRef is { } one ? policy.Spec.TargetRefs.Append(one) : policy.Spec.TargetRefs)
                .Where(target => target.IsKnown && !target.IsElsewhere(policy.Metadata.Namespace))
                .Select(target => (target.Kind, new ResourceKey(policy.Metadata.Namespace, target.Name)));

    /// <summary>The same for a RequestAuthentication.</summary>
    internal static IEnumerable<(string Kind, ResourceKey Key)> Targets(RoutingResource? tokens)
    {
        if (tokens is not { Spec.ValueKind: JsonValueKind.Object })
        {
            return [];
        }

        IEnumerable<JsonElement> references = tokens.Spec.TryGetProperty("targetRefs", out JsonElement several) && several.ValueKind == JsonValueKind.Array ? several.EnumerateArray() : [];
        references = tokens.Spec.TryGetProperty("targetRef", out JsonElement one) ? references.Append(one) : references;
        return references.Where(static target => target.ValueKind == JsonValueKind.Object)
            .Select(static target => new TargetReference { Group = Text(target, "group"), Kind = Text(target, "kind"), Name = Text(target, "name"), Namespace = Text(target, "namespace") })
            .Where(target => target.IsKnown && !target.IsElsewhere(tokens.Metadata.Namespace))
            .Select(target => (target.Kind, new ResourceKey(tokens.Metadata.Namespace, target.Name)));
    }

    /// <summary>Whether ztunnel could not enforce it as written (control-plane reference 4.3).</summary>
    internal static bool NeedsHttp(AuthorizationPolicy policy) => policy.Spec.Action == "CUSTOM" || policy.Spec.Rules.Any(rule =>
    {
        RuleConversion conversion = new(policy.Metadata.Namespace, isDeny: policy.Spec.Action == "DENY");
        conversion.Convert(rule);
        return conversion.Http.Count > 0;
    });

    private static string Text(JsonElement target, string name) => target.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
