using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;
using YamlDotNet.RepresentationModel;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>One item of <c>policies</c> (ztunnel reference section 9.5). Stateless.</summary>
internal static class LocalPolicyReader
{
    internal static AuthorizationPolicy Read(YamlNode node)
    {
        var fields = new YamlFields(node, "a policy");
        var policy = new AuthorizationPolicy
        {
            Name = YamlReading.Text(fields.Require("name"), "name"),
            Namespace = YamlReading.Text(fields.Require("namespace"), "namespace"),
            Scope = YamlReading.Choice(
                fields.Require("scope"), "scope", ("Global", PolicyScope.Global), ("Namespace", PolicyScope.Namespace), ("WorkloadSelector", PolicyScope.WorkloadSelector)),
            Action = YamlReading.Choice(fields.Require("action"), "action", ("Allow", PolicyAction.Allow), ("Deny", PolicyAction.Deny)),
            IsDryRun = fields.Read("dryRun", YamlReading.Truth, false),
            Rules = [.. YamlReading.List(fields.Require("rules"), "rules").Select(Rule)],
        };
        fields.End();
        return policy;
    }

    private static PolicyRule Rule(YamlNode node) => new([.. YamlReading.List(node, "a rule").Select(Clause)]);

    private static PolicyClause Clause(YamlNode node) => new([.. YamlReading.List(node, "a clause").Select(Match)]);

    private static PolicyMatch Match(YamlNode node)
    {
        var fields = new YamlFields(node, "a match");
        var match = new PolicyMatch
        {
            Namespaces = Each(fields, "namespaces", Text),
            NotNamespaces = Each(fields, "notNamespaces", Text),
            Principals = Each(fields, "principals", Text),
            NotPrincipals = Each(fields, "notPrincipals", Text),
            ServiceAccounts = Each(fields, "serviceAccounts", Account),
            NotServiceAccounts = Each(fields, "notServiceAccounts", Account),
            SourceIps = Each(fields, "sourceIps", Range),
            NotSourceIps = Each(fields, "notSourceIps", Range),
            DestinationIps = Each(fields, "destinationIps", Range),
            NotDestinationIps = Each(fields, "notDestinationIps", Range),
            DestinationPorts = Each(fields, "destinationPorts", YamlReading.Port),
            NotDestinationPorts = Each(fields, "notDestinationPorts", YamlReading.Port),
        };
        fields.End();
        return match;
    }

    private static T[] Each<T>(YamlFields fields, string key, Func<YamlNode, string, T> read) => [.. fields.List(key).Select(item => read(item, key))];

    /// <summary>A tagged text (<c>!Exact x</c>), or the form of config_dump (<c>{Exact: x}</c>).</summary>
    private static StringMatch Text(YamlNode node, string field)
    {
        if (node is YamlMappingNode { Children: { Count: 1 } children })
        {
            (YamlNode key, YamlNode value) = children.First();
            return Text(YamlReading.Text(key, field), value, field);
        }

        string tag = node.Tag.IsEmpty || node.Tag.IsNonSpecific ? "" : node.Tag.Value.TrimStart('!');
        return Text(tag, node, field);
    }

    private static StringMatch Text(string kind, YamlNode value, string field) => kind switch
    {
        "Exact" => StringMatch.Exact(YamlReading.Text(value, field)),
        "Prefix" => StringMatch.Prefix(YamlReading.Text(value, field)),
        "Suffix" => StringMatch.Suffix(YamlReading.Text(value, field)),
        "Presence" => StringMatch.Presence(),
        _ => throw LocalFileException.At(value, $"{field}: a text is matched by one of !Exact, !Prefix, !Suffix, !Presence, not '{kind}'"),
    };

    private static ServiceAccountMatch Account(YamlNode node, string field)
    {
        var fields = new YamlFields(node, field);
        var account = new ServiceAccountMatch(
            YamlReading.Text(fields.Require("namespace"), "namespace"), YamlReading.Text(fields.Require("serviceAccount"), "serviceAccount"));
        fields.End();
        return account;
    }

    private static IpPrefix Range(YamlNode node, string field) =>
        IpPrefix.TryParse(YamlReading.Text(node, field), out IpPrefix range) ? range : throw LocalFileException.At(node, $"{field}: '{node}' is not an address range");
}
