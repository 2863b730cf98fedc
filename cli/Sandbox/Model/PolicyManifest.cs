namespace Ambient.Cli.Sandbox.Model;

/// <summary>A policy as it is written for Kubernetes. Immutable.</summary>
/// <param name="Kind">Istio's kind.</param>
/// <param name="Name">Its name.</param>
/// <param name="Namespace">The namespace whose pods it protects.</param>
/// <param name="Spec">Its spec, as a YAML flow mapping.</param>
internal sealed record PolicyManifest(string Kind, string Name, string Namespace, string Spec)
{
    /// <summary>The file that holds it.</summary>
    public string File => $"policy.{Namespace}.{Name}.yaml";

    /// <summary>Its text.</summary>
    public string Text => $$"""
        apiVersion: security.istio.io/v1
        kind: {{Kind}}
        metadata: {name: {{Name}}, namespace: {{Namespace}}}
        spec: {{Spec}}

        """;

    /// <summary>Only this service account may connect.</summary>
    public static PolicyManifest AllowServiceAccount(string name, string protectedNamespace, PodPlan client) => new(
        "AuthorizationPolicy", name, protectedNamespace, $$"""{action: ALLOW, rules: [{from: [{source: {principals: ["cluster.local/ns/{{client.Namespace}}/sa/{{client.ServiceAccount}}"]} }]}]}""");

    /// <summary>Nobody from this namespace may connect.</summary>
    public static PolicyManifest DenyNamespace(string name, string protectedNamespace, string denied) =>
        new("AuthorizationPolicy", name, protectedNamespace, $$"""{action: DENY, rules: [{from: [{source: {namespaces: ["{{denied}}"]} }]}]}""");

    /// <summary>Nobody without an identity may connect.</summary>
    public static PolicyManifest Strict(string name, string protectedNamespace) => new("PeerAuthentication", name, protectedNamespace, "{mtls: {mode: STRICT}}");
}
