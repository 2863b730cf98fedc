using System.Text.Json;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;

namespace Ambient.Cli.Dumps;

/// <summary>Policies of a dump as the engine takes them. Pure.</summary>
internal static class PolicyReader
{
    /// <summary>One policy; what cannot be read is told, and the policy then matches everything when it denies and nothing when it allows.</summary>
    public static AuthorizationPolicy Read(JsonElement policy, List<string> problems)
    {
        string about = $"policy {policy.Text("namespace")}/{policy.Text("name")}";
        PolicyAction action = policy.Text("action") == "Deny" ? PolicyAction.Deny : PolicyAction.Allow;
        int before = problems.Count;
        PolicyRule[] rules = [.. policy.List("rules").Select(rule => new PolicyRule([.. Items(rule).Select(clause => new PolicyClause([.. Items(clause).Select(match => Match(match, about, problems))]))]))];
        bool isBroken = problems.Count > before;
        return new AuthorizationPolicy
        {
            Name = policy.Text("name"),
            Namespace = policy.Text("namespace"),
            Action = action,
            Scope = policy.Text("scope") switch { "Global" => PolicyScope.Global, "Namespace" => PolicyScope.Namespace, _ => PolicyScope.WorkloadSelector },
            IsDryRun = policy.Flag("dryRun"),
            Rules = !isBroken ? rules : action == PolicyAction.Deny ? [new PolicyRule([])] : [],
        };
    }

    private static PolicyMatch Match(JsonElement match, string about, List<string> problems) => new()
    {
        Namespaces = Strings(match, "namespaces", about, problems),
        NotNamespaces = Strings(match, "notNamespaces", about, problems),
        Principals = Strings(match, "principals", about, problems),
        NotPrincipals = Strings(match, "notPrincipals", about, problems),
        ServiceAccounts = Accounts(match, "serviceAccounts"),
        NotServiceAccounts = Accounts(match, "notServiceAccounts"),
        SourceIps = Prefixes(match, "sourceIps", about, problems),
        NotSourceIps = Prefixes(match, "notSourceIps", about, problems),
        DestinationIps = Prefixes(match, "destinationIps", about, problems),
        NotDestinationIps = Prefixes(match, "notDestinationIps", about, problems),
        DestinationPorts = Ports(match, "destinationPorts", about, problems),
        NotDestinationPorts = Ports(match, "notDestinationPorts", about, problems),
    };

    private static IEnumerable<JsonElement> Items(JsonElement list) => list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private static IReadOnlyList<StringMatch> Strings(JsonElement match, string name, string about, List<string> problems)
    {
        List<StringMatch> read = [];
        foreach (JsonElement item in match.List(name))
        {
            StringMatch? one = item.ValueKind != JsonValueKind.Object ? null
                : item.Member("Presence") is not null ? StringMatch.Presence()
                : item.Member("Exact") is { ValueKind: JsonValueKind.String } exact ? StringMatch.Exact(exact.GetString()!)
                : item.Member("Prefix") is { ValueKind: JsonValueKind.String } prefix ? StringMatch.Prefix(prefix.GetString()!)
                : item.Member("Suffix") is { ValueKind: JsonValueKind.String } suffix ? StringMatch.Suffix(suffix.GetString()!)
                : null;
            if (one is { } known)
            {
                read.Add(known);
            }
            else
            {
                problems.Add($"{about}: {name} has a comparison that is not known: {item.GetRawText()}");
            }
        }

        return read;
    }

    private static ServiceAccountMatch[] Accounts(JsonElement match, string name) =>
        [.. match.List(name).Select(static a => new ServiceAccountMatch(a.Text("namespace"), a.Text("serviceAccount")))];

    private static IReadOnlyList<IpPrefix> Prefixes(JsonElement match, string name, string about, List<string> problems)
    {
        List<IpPrefix> read = [];
        foreach (JsonElement item in match.List(name))
        {
            if (item.ValueKind == JsonValueKind.String && IpPrefix.TryParse(item.GetString(), out IpPrefix prefix))
            {
                read.Add(prefix);
            }
            else
            {
                problems.Add($"{about}: {name} has what is no address range: {item.GetRawText()}");
            }
        }

        return read;
    }

    private static IReadOnlyList<ushort> Ports(JsonElement match, string name, string about, List<string> problems)
    {
        List<ushort> read = [];
        foreach (JsonElement item in match.List(name))
        {
            if (item.ValueKind == JsonValueKind.Number && item.TryGetUInt16(out ushort port))
            {
                read.Add(port);
            }
            else
            {
                problems.Add($"{about}: {name} has what is no port: {item.GetRawText()}");
            }
        }

        return read;
    }
}
