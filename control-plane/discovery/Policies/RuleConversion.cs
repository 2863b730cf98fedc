using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.Istio.Security;

namespace Ambient.ControlPlane.Discovery.Policies;

/// <summary>
/// One rule of an AuthorizationPolicy on its way to the wire (control-plane reference 4.2 and 4.3). What cannot be expressed is collected by
/// name. What cannot be read never opens (Q7): a rule that allows is given up, one that denies goes on without the restriction. Used once.
/// </summary>
internal sealed class RuleConversion(string policyNamespace, bool isDeny)
{
    private static readonly string[] HttpKeys = ["request.", "experimental."];

    /// <summary>Attributes that need HTTP.</summary>
    internal SortedSet<string> Http { get; } = new(StringComparer.Ordinal);

    /// <summary>Values, and keys of conditions, that nobody understands.</summary>
    internal SortedSet<string> Unreadable { get; } = new(StringComparer.Ordinal);

    /// <summary>Without what cannot be read the rule would allow more than it says.</summary>
    internal bool LostRestriction { get; private set; }

    /// <summary>Ports in one clause, sources in one, and one for each condition; a clause that always holds is left out.</summary>
    internal Rule Convert(AuthorizationRule rule)
    {
        var converted = new Rule();
        if (rule.To.Count > 0)
        {
            Add(converted, rule.To.Select(to => To(to.Operation ?? new RuleOperation())));
        }

        if (rule.From.Count > 0)
        {
            Add(converted, rule.From.Select(from => From(from.Source ?? new RuleSource())));
        }

        foreach (RuleCondition when in rule.When)
        {
            Add(converted, [When(when)]);
        }

        return converted;
    }

    /// <summary>A match of HTTP alone stays empty and never holds (Q8); one that lost its values holds always.</summary>
    private static void Add(Rule rule, IEnumerable<MatchConversion> matches)
    {
        MatchConversion[] all = [.. matches];
        if (!all.Any(static match => match.IsAlways))
        {
            rule.Clauses.Add(new Clause { Matches = { all.Select(static match => match.Message) } });
        }
    }

    private MatchConversion To(RuleOperation operation)
    {
        var match = new MatchConversion(policyNamespace, isDeny);
        match.Note("hosts", operation.Hosts);
        match.Note("notHosts", operation.NotHosts);
        match.Note("methods", operation.Methods);
        match.Note("notMethods", operation.NotMethods);
        match.Note("paths", operation.Paths);
        match.Note("notPaths", operation.NotPaths);
        match.Ports(operation.Ports, operation.NotPorts);
        return Taken(match);
    }

    private MatchConversion From(RuleSource source)
    {
        var match = new MatchConversion(policyNamespace, isDeny);
        match.Note("requestPrincipals", source.RequestPrincipals);
        match.Note("notRequestPrincipals", source.NotRequestPrincipals);
        match.Note("remoteIpBlocks", source.RemoteIpBlocks);
        match.Note("notRemoteIpBlocks", source.NotRemoteIpBlocks);
        match.Note("trustDomains", source.TrustDomains);
        match.Note("notTrustDomains", source.NotTrustDomains);
        match.Sources(source.IpBlocks, source.NotIpBlocks);
        match.Namespaces(source.Namespaces, source.NotNamespaces);
        match.Accounts(source.ServiceAccounts, source.NotServiceAccounts);
        match.Principals(source.Principals, source.NotPrincipals);
        return Taken(match);
    }

    private MatchConversion When(RuleCondition condition)
    {
        var match = new MatchConversion(policyNamespace, isDeny);
        switch (condition.Key)
        {
            case "source.ip":
                match.Sources(condition.Values, condition.NotValues);
                break;
            case "source.namespace":
                match.Namespaces(condition.Values, condition.NotValues);
                break;
            case "source.principal":
                match.Principals(condition.Values, condition.NotValues);
                break;
            case "destination.ip":
                match.Destinations(condition.Values, condition.NotValues);
                break;
            case "destination.port":
                match.Ports(condition.Values, condition.NotValues);
                break;
            case "remote.ip" or "connection.sni":
            case var http when HttpKeys.Any(prefix => http.StartsWith(prefix, StringComparison.Ordinal)):
                match.NoteHttp(condition.Key);
                break;
            default:
                match.Lose(condition.Key);
                break;
        }

        return Taken(match);
    }

    private MatchConversion Taken(MatchConversion match)
    {
        Http.UnionWith(match.Http);
        Unreadable.UnionWith(match.Unreadable);
        LostRestriction |= match.LostRestriction;
        return match;
    }
}
