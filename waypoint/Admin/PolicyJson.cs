using System.Text.Json;
using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Admin;

/// <summary>Policies and rules for tokens, as <c>config_dump</c> writes them: of key sets only how long they are. Pure.</summary>
internal static class PolicyJson
{
    /// <summary>An AuthorizationPolicy.</summary>
    public static void Write(Utf8JsonWriter json, AccessPolicy policy)
    {
        json.WriteStartObject();
        json.WriteString("namespace"u8, policy.Namespace);
        json.WriteString("name"u8, policy.Name);
        json.WriteString("action"u8, policy.Action.ToString());
        if (policy.DryRun)
        {
            json.WriteBoolean("dryRun"u8, true);
        }

        if (policy.Provider.Length > 0)
        {
            json.WriteString("provider"u8, policy.Provider);
        }

        Attachments(json, policy.Attachments);
        json.WriteStartArray("rules"u8);
        foreach (AccessRule rule in policy.Rules)
        {
            Write(json, rule);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A RequestAuthentication.</summary>
    public static void Write(Utf8JsonWriter json, TokenPolicy policy)
    {
        json.WriteStartObject();
        json.WriteString("namespace"u8, policy.Namespace);
        json.WriteString("name"u8, policy.Name);
        Attachments(json, policy.Attachments);
        json.WriteStartArray("rules"u8);
        foreach (TokenRule rule in policy.Rules)
        {
            json.WriteStartObject();
            json.WriteString("issuer"u8, rule.Issuer);
            Texts(json, "audiences", rule.Audiences);
            json.WriteNumber("keySetBytes"u8, rule.Keys.Length);
            Texts(json, "fromHeaders", [.. rule.FromHeaders.Select(static header => header.Name)]);
            Texts(json, "fromParams", rule.FromParams);
            Texts(json, "fromCookies", rule.FromCookies);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The member <c>attachedTo</c>.</summary>
    public static void Attachments(Utf8JsonWriter json, IEnumerable<Attachment> attachments) =>
        Texts(json, "attachedTo", [.. attachments.Select(static attachment => attachment.All ? "*" : attachment.Service)]);

    /// <summary>Who calls.</summary>
    public static void Source(Utf8JsonWriter json, AccessSource source)
    {
        json.WriteStartObject();
        Texts(json, "principals", source.Principals);
        Texts(json, "notPrincipals", source.NotPrincipals);
        Texts(json, "requestPrincipals", source.RequestPrincipals);
        Texts(json, "notRequestPrincipals", source.NotRequestPrincipals);
        Texts(json, "namespaces", source.Namespaces);
        Texts(json, "notNamespaces", source.NotNamespaces);
        Texts(json, "serviceAccounts", source.ServiceAccounts);
        Texts(json, "notServiceAccounts", source.NotServiceAccounts);
        Texts(json, "trustDomains", source.TrustDomains);
        Texts(json, "notTrustDomains", source.NotTrustDomains);
        Texts(json, "ipBlocks", source.IpBlocks);
        Texts(json, "notIpBlocks", source.NotIpBlocks);
        Texts(json, "remoteIpBlocks", source.RemoteIpBlocks);
        Texts(json, "notRemoteIpBlocks", source.NotRemoteIpBlocks);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, AccessRule rule)
    {
        json.WriteStartObject();
        json.WriteStartArray("from"u8);
        foreach (AccessSource source in rule.From)
        {
            Source(json, source);
        }

        json.WriteEndArray();
        json.WriteStartArray("to"u8);
        foreach (AccessOperation operation in rule.To)
        {
            json.WriteStartObject();
            Texts(json, "hosts", operation.Hosts);
            Texts(json, "notHosts", operation.NotHosts);
            Texts(json, "ports", operation.Ports);
            Texts(json, "notPorts", operation.NotPorts);
            Texts(json, "methods", operation.Methods);
            Texts(json, "notMethods", operation.NotMethods);
            Texts(json, "paths", operation.Paths);
            Texts(json, "notPaths", operation.NotPaths);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("when"u8);
        foreach (AccessCondition condition in rule.When)
        {
            json.WriteStartObject();
            json.WriteString("key"u8, condition.Key);
            bool isSecret = SecretFields.IsSecret(condition.Key);
            Texts(json, "values", isSecret ? [SecretFields.Redacted] : condition.Values);
            Texts(json, "notValues", isSecret ? [SecretFields.Redacted] : condition.NotValues);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter json, string member, IReadOnlyCollection<string> texts)
    {
        if (texts.Count == 0)
        {
            return;
        }

        json.WriteStartArray(member);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
