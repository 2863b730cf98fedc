using Ambient.Protocol.L7;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Access;

/// <summary>One rule: any source, any operation, all conditions (waypoint reference 2.6.2). Immutable.</summary>
internal sealed class CompiledRule
{
    private readonly AccessTerm[][] _sources;
    private readonly AccessTerm[][] _operations;
    private readonly AccessTerm[] _conditions;

    private CompiledRule(int index, AccessTerm[][] sources, AccessTerm[][] operations, AccessTerm[] conditions)
    {
        Index = index;
        _sources = sources;
        _operations = operations;
        _conditions = conditions;
    }

    /// <summary>Its place in the policy.</summary>
    public int Index { get; }

    /// <summary>Compiles a rule; null when it loses a part and must not allow without it.</summary>
    public static CompiledRule? Compile(AccessRule rule, int index, bool isAllow, TermCompiler compiler)
    {
        bool isWhole = true;
        AccessTerm[][] sources = [.. rule.From.Select(source => Source(source, compiler, ref isWhole))];
        AccessTerm[][] operations = [.. rule.To.Select(operation => Operation(operation, compiler, ref isWhole))];
        AccessTerm[] conditions = Terms(compiler, ref isWhole, [.. rule.When.Select(condition => (condition.Key, (IReadOnlyCollection<string>)condition.Values, (IReadOnlyCollection<string>)condition.NotValues))]);
        return isWhole || !isAllow ? new CompiledRule(index, sources, operations, conditions) : null;
    }

    public bool Matches(RequestFacts facts) => Any(_sources, facts) && Any(_operations, facts) && All(_conditions, facts);

    private static bool Any(AccessTerm[][] clauses, RequestFacts facts)
    {
        foreach (AccessTerm[] clause in clauses)
        {
            if (All(clause, facts))
            {
                return true;
            }
        }

        return clauses.Length == 0;
    }

    private static bool All(AccessTerm[] terms, RequestFacts facts)
    {
        foreach (AccessTerm term in terms)
        {
            if (!term(facts))
            {
                return false;
            }
        }

        return true;
    }

    private static AccessTerm[] Source(AccessSource source, TermCompiler compiler, ref bool isWhole) => Terms(
        compiler,
        ref isWhole,
        [
            ("source.principal", source.Principals, source.NotPrincipals),
            ("request.auth.principal", source.RequestPrincipals, source.NotRequestPrincipals),
            ("source.namespace", source.Namespaces, source.NotNamespaces),
            ("source.serviceAccount", source.ServiceAccounts, source.NotServiceAccounts),
            ("source.trustDomain", source.TrustDomains, source.NotTrustDomains),
            ("source.ip", source.IpBlocks, source.NotIpBlocks),
            ("remote.ip", source.RemoteIpBlocks, source.NotRemoteIpBlocks),
        ]);

    private static AccessTerm[] Operation(AccessOperation operation, TermCompiler compiler, ref bool isWhole) => Terms(
        compiler,
        ref isWhole,
        [
            ("request.host", operation.Hosts, operation.NotHosts),
            ("destination.port", operation.Ports, operation.NotPorts),
            ("request.method", operation.Methods, operation.NotMethods),
            ("request.path", operation.Paths, operation.NotPaths),
        ]);

    private static AccessTerm[] Terms(TermCompiler compiler, ref bool isWhole, (string Key, IReadOnlyCollection<string> Values, IReadOnlyCollection<string> NotValues)[] fields)
    {
        List<AccessTerm> terms = [];
        foreach ((string key, IReadOnlyCollection<string> values, IReadOnlyCollection<string> notValues) in fields)
        {
            if (compiler.Field(key, values, notValues, ref isWhole) is { } term)
            {
                terms.Add(term);
            }
        }

        return [.. terms];
    }
}
