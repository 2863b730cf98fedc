using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.Istio.Security;

namespace Ambient.ControlPlane.Discovery.Policies;

/// <summary>
/// One rule of an AuthorizationPolicy on its way to the wire (control-plane reference 4.2 and 4.3). What cannot be expressed is collected by
/// name. Used once.
/// </summary>
internal sealed class RuleConversion(string policyNamespace, bool isDeny)
{
    /// <summary>Attributes that need HTTP.</summary>
    internal SortedSet<string> Http { get; } = new(StringComparer.Ordinal);

    /// <summary>Values that are no address or port.</summary>
    internal SortedSet<string> Unreadable { get; } = new(StringComparer.Ordinal);

    /// <summary>A restriction lost all its values because none can be read: the rule would allow what it was meant to forbid.</summary>
    internal bool LostRestriction { get; private set; }

    /// <summary>Ports in one clause, sources in one, and one for each condition.</summary>
    internal Rule Convert(AuthorizationRule rule)
    {
        var converted = new Rule();
        if (rule.To.Count > 0)
        {
            converted.Clauses.Add(new Clause { Matches = { rule.To.Select(to => To(to.Operation ?? new RuleOperation())) } });
        }

        if (rule.From.Count > 0)
        {
            converted.Clauses.Add(new Clause { Matches = { rule.From.Select(from => From(from.Source ?? new RuleSource())) } });
        }

        converted.Clauses.AddRange(rule.When.Select(when => new Clause { Matches = { When(when) } }));
        return converted;
    }

    private Match To(RuleOperation operation)
    {
        Note("hosts", operation.Hosts);
        Note("notHosts", operation.NotHosts);
        Note("methods", operation.Methods);
        Note("notMethods", operation.NotMethods);
        Note("paths", operation.Paths);
        Note("notPaths", operation.NotPaths);
        var match = new Match();
        match.DestinationPorts.AddRange(Ports(operation.Ports));
        match.NotDestinationPorts.AddRange(Ports(operation.NotPorts));
        return match;
    }

    private Match From(RuleSource source)
    {
        Note("requestPrincipals", source.RequestPrincipals);
        Note("notRequestPrincipals", source.NotRequestPrincipals);
        Note("remoteIpBlocks", source.RemoteIpBlocks);
        Note("notRemoteIpBlocks", source.NotRemoteIpBlocks);
        Note("trustDomains", source.TrustDomains);
        Note("notTrustDomains", source.NotTrustDomains);
        var match = new Match();
        match.SourceIps.AddRange(Blocks(source.IpBlocks));
        match.NotSourceIps.AddRange(Blocks(source.NotIpBlocks));
        match.Namespaces.AddRange(source.Namespaces.Select(PolicyText.Pattern));
        match.NotNamespaces.AddRange(source.NotNamespaces.Select(PolicyText.Pattern));
        match.ServiceAccounts.AddRange(source.ServiceAccounts.Select(text => PolicyText.Account(text, policyNamespace)));
        match.NotServiceAccounts.AddRange(source.NotServiceAccounts.Select(text => PolicyText.Account(text, policyNamespace)));
        match.Principals.AddRange(source.Principals.Select(PolicyText.Pattern));
        match.NotPrincipals.AddRange(source.NotPrincipals.Select(PolicyText.Pattern));
        return match;
    }

    private Match When(RuleCondition condition)
    {
        var match = new Match();
        switch (condition.Key)
        {
            case "source.ip":
                match.SourceIps.AddRange(Blocks(condition.Values));
                match.NotSourceIps.AddRange(Blocks(condition.NotValues));
                break;
            case "source.namespace":
                match.Namespaces.AddRange(condition.Values.Select(PolicyText.Pattern));
                match.NotNamespaces.AddRange(condition.NotValues.Select(PolicyText.Pattern));
                break;
            case "source.principal":
                match.Principals.AddRange(condition.Values.Select(PolicyText.Pattern));
                match.NotPrincipals.AddRange(condition.NotValues.Select(PolicyText.Pattern));
                break;
            case "destination.ip":
                match.DestinationIps.AddRange(Blocks(condition.Values));
                match.NotDestinationIps.AddRange(Blocks(condition.NotValues));
                break;
            case "destination.port":
                match.DestinationPorts.AddRange(Ports(condition.Values));
                match.NotDestinationPorts.AddRange(Ports(condition.NotValues));
                break;
            default:
                Http.Add(condition.Key);
                break;
        }

        return match;
    }

    private void Note(string attribute, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
        {
            Http.Add(attribute);
        }
    }

    private IEnumerable<Address> Blocks(IReadOnlyList<string> texts) => Readable(texts, PolicyText.Block);

    private IEnumerable<uint> Ports(IReadOnlyList<string> texts) => Readable(texts, PolicyText.Port).Select(static port => port!.Value);

    /// <summary>
    /// What can be read. A list that loses everything would no longer restrict (Q7): an ALLOW rule is then dropped as a whole, a DENY rule
    /// matches whatever the rest of it says.
    /// </summary>
    private IEnumerable<T> Readable<T>(IReadOnlyList<string> texts, Func<string, T?> read)
    {
        var good = new List<T>(texts.Count);
        foreach (string text in texts)
        {
            if (read(text) is { } value)
            {
                good.Add(value);
            }
            else
            {
                Unreadable.Add(text);
            }
        }

        LostRestriction |= !isDeny && texts.Count > 0 && good.Count == 0;
        return good;
    }
}
