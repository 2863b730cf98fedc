using Ambient.Protocol.L7;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Access;

/// <summary>A policy, compiled for HTTP or for TCP. Immutable.</summary>
internal sealed class CompiledPolicy
{
    private readonly CompiledRule[] _rules;

    public CompiledPolicy(AccessPolicy source, AccessContext context, Action<string> problem)
    {
        Source = source;
        TermCompiler compiler = new(context, source.Namespace, source.Action == AccessAction.Custom);
        bool isAllow = source.Action == AccessAction.Allow;
        _rules = [.. source.Rules.Select((rule, index) => CompiledRule.Compile(rule, index, isAllow, compiler)).OfType<CompiledRule>()];
        foreach (string lost in compiler.Problems)
        {
            problem($"{source.Namespace}/{source.Name}: {lost}; {(isAllow ? "the rule allows nothing" : "the rest of the rule is in force")}");
        }
    }

    public AccessPolicy Source { get; }

    /// <summary>The index of the first rule that matches; −1 when none does.</summary>
    public int FirstMatch(RequestFacts facts)
    {
        foreach (CompiledRule rule in _rules)
        {
            if (rule.Matches(facts))
            {
                return rule.Index;
            }
        }

        return -1;
    }
}
