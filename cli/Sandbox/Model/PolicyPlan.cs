namespace Ambient.Cli.Sandbox.Model;

/// <summary>An L4 policy over the pods of one namespace, with one match. Immutable.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Namespace">The namespace whose pods it protects.</param>
/// <param name="Action"><c>Allow</c> or <c>Deny</c>.</param>
/// <param name="MatchKey">The key of the match, such as <c>principals</c>.</param>
/// <param name="MatchTag">How the value is compared, such as <c>!Exact</c>.</param>
/// <param name="Value">What it is compared with; null for <c>!Presence</c>.</param>
internal sealed record PolicyPlan(string Name, string Namespace, string Action, string MatchKey, string MatchTag, string? Value)
{
    /// <summary>Only this service account may connect.</summary>
    public static PolicyPlan AllowServiceAccount(string name, string protectedNamespace, PodPlan client) =>
        new(name, protectedNamespace, "Allow", "principals", "!Exact", $"cluster.local/ns/{client.Namespace}/sa/{client.ServiceAccount}");

    /// <summary>Nobody from this namespace may connect.</summary>
    public static PolicyPlan DenyNamespace(string name, string protectedNamespace, string denied) =>
        new(name, protectedNamespace, "Deny", "namespaces", "!Exact", denied);

    /// <summary>Nobody without an identity may connect: what PeerAuthentication STRICT becomes.</summary>
    public static PolicyPlan Strict(string name, string protectedNamespace) =>
        new(name, protectedNamespace, "Deny", "notPrincipals", "!Presence", null);
}
