using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Tests.Policies;

/// <summary>Section 5 of the reference, word by word and slowly: what the compiled engine must equal.</summary>
internal static class PolicyInterpreter
{
    internal static bool IsAllowed(IEnumerable<(string Key, AuthorizationPolicy Policy)> all, ConnectionFacts facts, Workload destination, out List<string> deciders)
    {
        List<AuthorizationPolicy> applying = [.. all.Where(item => item.Policy.Scope == PolicyScope.Global
            || (item.Policy.Scope == PolicyScope.Namespace && item.Policy.Namespace == destination.Namespace)
            || destination.AuthorizationPolicies.Contains(item.Key)).Select(item => item.Policy).Where(policy => !policy.IsDryRun)];
        deciders = [.. applying.Where(policy => policy.Action == PolicyAction.Deny && Matches(policy, facts)).Select(policy => policy.FullName)];
        if (deciders.Count > 0)
        {
            return false;
        }

        List<AuthorizationPolicy> allows = applying.FindAll(policy => policy.Action == PolicyAction.Allow);
        deciders = [.. allows.Where(policy => Matches(policy, facts)).Select(policy => policy.FullName)];
        return allows.Count == 0 || deciders.Count > 0;
    }

    internal static bool Matches(AuthorizationPolicy policy, ConnectionFacts facts) =>
        policy.Rules.Any(rule => rule.Clauses.All(clause => clause.Matches.Count == 0 || clause.Matches.Any(match => Matches(match, facts))));

    internal static bool Matches(PolicyMatch match, ConnectionFacts facts)
    {
        string space = facts.Peer?.Namespace ?? "";
        string? principal = facts.Peer?.ToString()["spiffe://".Length..];
        return !match.IsEmpty
            && Field(match.Namespaces, match.NotNamespaces, m => Text(m, space))
            && Field(match.Principals, match.NotPrincipals, m => principal is not null && Text(m, principal))
            && Field(match.ServiceAccounts, match.NotServiceAccounts, m => facts.Peer is not null && m.Namespace == facts.Peer.Namespace && m.ServiceAccount == facts.Peer.ServiceAccount)
            && Field(match.SourceIps, match.NotSourceIps, m => In(m, facts.Source.Address))
            && Field(match.DestinationIps, match.NotDestinationIps, m => In(m, facts.Destination.Address))
            && Field(match.DestinationPorts, match.NotDestinationPorts, port => port == facts.Destination.Port);
    }

    private static bool Field<T>(IReadOnlyList<T> any, IReadOnlyList<T> none, Func<T, bool> hits) => (any.Count == 0 || any.Any(hits)) && !none.Any(hits);

    private static bool Text(StringMatch match, string text) => match.Kind switch
    {
        StringMatchKind.Exact => text == match.Value,
        StringMatchKind.Prefix => text.StartsWith(match.Value, StringComparison.Ordinal),
        StringMatchKind.Suffix => text.EndsWith(match.Value, StringComparison.Ordinal),
        _ => text != "",
    };

    /// <summary>Bit by bit.</summary>
    private static bool In(IpPrefix prefix, IpAddress address)
    {
        byte[] network = Bytes(prefix.Network), bytes = Bytes(address);
        return network.Length == bytes.Length
            && Enumerable.Range(0, prefix.Length).All(bit => ((network[bit / 8] ^ bytes[bit / 8]) & (0x80 >> (bit % 8))) == 0);
    }

    private static byte[] Bytes(IpAddress address)
    {
        byte[] bytes = new byte[16];
        return bytes[..address.WriteBytes(bytes)];
    }
}
