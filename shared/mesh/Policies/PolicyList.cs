namespace Ambient.Mesh.Policies;

/// <summary>
/// Policies of one scope, action and mode. Immutable. Most of them are in an index; a few that came or went since it was
/// built are kept beside it, so that a changed policy doesn't cost a new index each time.
/// </summary>
internal sealed class PolicyList
{
    private const int SmallestOverlay = 32;

    private readonly RuleIndex? _index;
    private readonly int _indexed;
    private readonly CompiledPolicy[] _recent;
    private readonly HashSet<CompiledPolicy>? _gone;
    private readonly CompiledPolicy[] _all;

    private PolicyList(CompiledPolicy[] all, RuleIndex? index, int indexed, CompiledPolicy[] recent, HashSet<CompiledPolicy>? gone)
    {
        _all = all;
        _index = index;
        _indexed = indexed;
        _recent = recent;
        _gone = gone;
    }

    internal static PolicyList Empty { get; } = new([], null, 0, [], null);

    internal int Count => _all.Length;

    /// <summary>This list without some policies and with some more.</summary>
    internal PolicyList With(HashSet<CompiledPolicy> removed, List<CompiledPolicy> added)
    {
        CompiledPolicy[] all = [.. _all.Where(policy => !removed.Contains(policy)), .. added];
        if (all.Length == 0)
        {
            return Empty;
        }

        CompiledPolicy[] recent = [.. _recent.Where(policy => !removed.Contains(policy)), .. added];
        HashSet<CompiledPolicy> gone = [.. _gone ?? []];
        gone.UnionWith(removed);
        gone.ExceptWith(_recent);
        return recent.Length + gone.Count > Math.Max(SmallestOverlay, _indexed / 8)
            ? new PolicyList(all, new RuleIndex(all), all.Length, [], null)
            : new PolicyList(all, _index, _indexed, recent, gone.Count == 0 ? null : gone);
    }

    /// <summary>The matching policy with the lowest key.</summary>
    internal CompiledPolicy? First(in ConnectionFacts facts)
    {
        FirstMatch visitor = new(_gone);
        Visit(facts, ref visitor);
        return visitor.Policy;
    }

    /// <summary>All matching policies by key; null for none.</summary>
    internal IReadOnlyCollection<CompiledPolicy>? All(in ConnectionFacts facts)
    {
        AllMatches visitor = new(_gone);
        Visit(facts, ref visitor);
        return visitor.Policies?.Values;
    }

    private void Visit<TVisitor>(in ConnectionFacts facts, ref TVisitor visitor)
        where TVisitor : struct, IRuleVisitor
    {
        _index?.Visit(facts, ref visitor);
        foreach (CompiledPolicy policy in _recent)
        {
            if (visitor.IsInteresting(policy) && policy.Matches(facts))
            {
                visitor.Matched(policy);
            }
        }
    }
}
