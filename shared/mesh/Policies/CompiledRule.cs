namespace Ambient.Mesh.Policies;

/// <summary>A <see cref="PolicyRule"/> without what can't change its result. Immutable.</summary>
internal sealed class CompiledRule
{
    private CompiledRule(CompiledPolicy owner, CompiledMatch[][] clauses)
    {
        Owner = owner;
        Clauses = clauses;
    }

    internal CompiledPolicy Owner { get; }

    /// <summary>All must match; of each, one alternative. Clauses that match everything are left out.</summary>
    internal CompiledMatch[][] Clauses { get; }

    /// <summary>The compiled rule, or null when it can never match.</summary>
    internal static CompiledRule? Compile(CompiledPolicy owner, PolicyRule rule)
    {
        List<CompiledMatch[]> clauses = [];
        foreach (PolicyClause clause in rule.Clauses)
        {
            if (clause.Matches.Count == 0)
            {
                continue;
            }

            // A match without conditions matches nothing, in contrast to a clause without matches (ztunnel.md 5.2).
            CompiledMatch[] matches = [.. clause.Matches.Where(match => !match.IsEmpty).Select(match => new CompiledMatch(match))];
            if (matches.Length == 0)
            {
                return null;
            }

            clauses.Add(matches);
        }

        return new CompiledRule(owner, [.. clauses]);
    }

    internal bool Matches(in ConnectionFacts facts)
    {
        foreach (CompiledMatch[] clause in Clauses)
        {
            bool any = false;
            foreach (CompiledMatch match in clause)
            {
                if (match.Matches(facts))
                {
                    any = true;
                    break;
                }
            }

            if (!any)
            {
                return false;
            }
        }

        return true;
    }
}
