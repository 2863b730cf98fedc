using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Policies;

/// <summary>A <see cref="PolicyMatch"/> in arrays. Immutable.</summary>
internal sealed class CompiledMatch
{
    private readonly StringMatch[] _namespaces;
    private readonly StringMatch[] _notNamespaces;
    private readonly StringMatch[] _principals;
    private readonly StringMatch[] _notPrincipals;
    private readonly ServiceAccountMatch[] _accounts;
    private readonly ServiceAccountMatch[] _notAccounts;
    private readonly IpPrefix[] _sources;
    private readonly IpPrefix[] _notSources;
    private readonly IpPrefix[] _destinations;
    private readonly IpPrefix[] _notDestinations;
    private readonly ushort[] _ports;
    private readonly ushort[] _notPorts;

    internal CompiledMatch(PolicyMatch match)
    {
        _namespaces = [.. match.Namespaces];
        _notNamespaces = [.. match.NotNamespaces];
        _principals = [.. match.Principals];
        _notPrincipals = [.. match.NotPrincipals];
        _accounts = [.. match.ServiceAccounts];
        _notAccounts = [.. match.NotServiceAccounts];
        _sources = [.. match.SourceIps];
        _notSources = [.. match.NotSourceIps];
        _destinations = [.. match.DestinationIps];
        _notDestinations = [.. match.NotDestinationIps];
        _ports = [.. match.DestinationPorts];
        _notPorts = [.. match.NotDestinationPorts];
    }

    internal bool Matches(in ConnectionFacts facts)
    {
        if (_ports.Length > 0 && !_ports.Contains(facts.Destination.Port))
        {
            return false;
        }

        if (_notPorts.Length > 0 && _notPorts.Contains(facts.Destination.Port))
        {
            return false;
        }

        return MatchesAddresses(facts) && MatchesPeer(facts);
    }

    /// <summary>
    /// The keys of which a connection must have one for this match to hold, one list per condition that allows it: positive
    /// conditions only, and none that holds for every text.
    /// </summary>
    internal List<RuleKey[]> IndexOptions()
    {
        List<RuleKey[]> options = [];
        if (_accounts.Length > 0)
        {
            options.Add(Array.ConvertAll(_accounts, a => RuleKey.Account(a.Namespace, a.ServiceAccount)));
        }

        AddTexts(options, _principals, RuleDimension.Principal, RuleDimension.PrincipalPrefix, RuleDimension.PrincipalSuffix);
        AddTexts(options, _namespaces, RuleDimension.Namespace, RuleDimension.NamespacePrefix, RuleDimension.NamespaceSuffix);
        if (_sources.Length > 0)
        {
            options.Add(Array.ConvertAll(_sources, RuleKey.Source));
        }

        if (_destinations.Length > 0)
        {
            options.Add(Array.ConvertAll(_destinations, RuleKey.Destination));
        }

        if (_ports.Length > 0)
        {
            options.Add(Array.ConvertAll(_ports, RuleKey.Port));
        }

        return options;
    }

    private static void AddTexts(List<RuleKey[]> options, StringMatch[] matches, RuleDimension whole, RuleDimension head, RuleDimension tail)
    {
        if (matches.Length == 0 || Array.Exists(matches, m => m.Kind == StringMatchKind.Presence || (m.Kind != StringMatchKind.Exact && m.Value.Length == 0)))
        {
            return;
        }

        options.Add(Array.ConvertAll(matches, m => RuleKey.Whole(m.Kind switch { StringMatchKind.Prefix => head, StringMatchKind.Suffix => tail, _ => whole }, m.Value)));
    }

    private static bool Holds(IpPrefix[] any, IpPrefix[] none, IpAddress address) =>
        (any.Length == 0 || Contains(any, address)) && (none.Length == 0 || !Contains(none, address));

    private static bool Contains(IpPrefix[] prefixes, IpAddress address)
    {
        foreach (ref readonly IpPrefix prefix in prefixes.AsSpan())
        {
            if (prefix.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Matches(StringMatch[] matches, string text)
    {
        foreach (ref readonly StringMatch match in matches.AsSpan())
        {
            if (match.Matches(text))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Matches(ServiceAccountMatch[] accounts, in ConnectionFacts facts)
    {
        foreach (ref readonly ServiceAccountMatch account in accounts.AsSpan())
        {
            if (account.ServiceAccount == facts.Peer!.ServiceAccount && account.Namespace == facts.Peer.Namespace)
            {
                return true;
            }
        }

        return false;
    }

    private bool MatchesAddresses(in ConnectionFacts facts) =>
        Holds(_sources, _notSources, facts.Source.Address) && Holds(_destinations, _notDestinations, facts.Destination.Address);

    private bool MatchesPeer(in ConnectionFacts facts)
    {
        // Without an identity the namespace is the empty text, and principals and accounts never hit (ztunnel.md 5.2).
        string @namespace = facts.Peer?.Namespace ?? "";
        if ((_namespaces.Length > 0 && !Matches(_namespaces, @namespace)) || (_notNamespaces.Length > 0 && Matches(_notNamespaces, @namespace)))
        {
            return false;
        }

        if (facts.Peer is null)
        {
            return _principals.Length == 0 && _accounts.Length == 0;
        }

        string principal = _principals.Length + _notPrincipals.Length > 0 ? facts.Peer.Principal : "";
        return (_principals.Length == 0 || Matches(_principals, principal))
            && (_notPrincipals.Length == 0 || !Matches(_notPrincipals, principal))
            && (_accounts.Length == 0 || Matches(_accounts, facts))
            && (_notAccounts.Length == 0 || !Matches(_notAccounts, facts));
    }
}
