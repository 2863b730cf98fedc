namespace Ambient.Mesh.Policies;

/// <summary>A policy with its rules compiled. Immutable; told apart by reference.</summary>
internal sealed class CompiledPolicy
{
    internal CompiledPolicy(string key, AuthorizationPolicy policy)
    {
        Key = key;
        Policy = policy;
        Rules = [.. policy.Rules.Select(rule => CompiledRule.Compile(this, rule)).OfType<CompiledRule>()];
    }

    /// <summary>The resource name.</summary>
    internal string Key { get; }

    internal AuthorizationPolicy Policy { get; }

    internal CompiledRule[] Rules { get; }

    internal bool Matches(in ConnectionFacts facts)
    {
        foreach (CompiledRule rule in Rules)
        {
            if (rule.Matches(facts))
            {
                return true;
            }
        }

        return false;
    }
}
