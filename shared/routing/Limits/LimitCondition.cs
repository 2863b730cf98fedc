using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;

namespace Ambient.Routing.Limits;

/// <summary>Which requests a rule of a LocalRateLimit counts: judged as routes judge requests and policies judge callers. Immutable.</summary>
public sealed class LimitCondition
{
    private readonly (RouteMatch Request, CompiledRule Source)[] _any;

    private LimitCondition((RouteMatch Request, CompiledRule Source)[] any) => _any = any;

    /// <summary>Compiles the conditions of a rule; false with what is wrong about them.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="trustDomains">The own trust domain and its aliases: a principal of one is a principal of all.</param>
    /// <param name="policyNamespace">Where service accounts without a namespace are.</param>
    /// <param name="compiled">What was compiled.</param>
    /// <param name="error">What is wrong.</param>
    public static bool TryCompile(LimitRule rule, IReadOnlyList<string> trustDomains, string policyNamespace, [NotNullWhen(true)] out LimitCondition? compiled, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(rule);
        compiled = null;
        var any = new (RouteMatch, CompiledRule)[rule.Matches.Count];
        for (int i = 0; i < any.Length; i++)
        {
            LimitMatch match = rule.Matches[i];
            if (!RouteMatch.TryCompile(match.Request ?? new HttpMatch(), out RouteMatch? request, out error))
            {
                return false;
            }

            // As in rules that allow: what loses a part is no condition.
            TermCompiler terms = new(new AccessContext(trustDomains, IsHttp: true), policyNamespace, isCustom: false);
            AccessRule source = new();
            if (match.Source is not null)
            {
                source.From.Add(match.Source);
            }

            if (CompiledRule.Compile(source, i, isAllow: true, terms) is not { } callers)
            {
                error = string.Join("; ", terms.Problems);
                return false;
            }

            any[i] = (request, callers);
        }

        compiled = new LimitCondition(any);
        error = null;
        return true;
    }

    /// <summary>Whether it counts a request.</summary>
    public bool Matches(RequestFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        foreach ((RouteMatch request, CompiledRule source) in _any)
        {
            if (request.Matches(facts) && source.Matches(facts))
            {
                return true;
            }
        }

        return _any.Length == 0;
    }
}
