using Ambient.Mesh.Indexes;

namespace Ambient.Mesh.Policies;

/// <summary>All policies, compiled. Immutable; a changed copy shares what didn't change.</summary>
public sealed class PolicySet
{
    private readonly PersistentTrie<string, CompiledPolicy, PolicySlot> _byKey;
    private readonly PersistentTrie<string, NamedSlot<PolicyGroup>, ByName<PolicyGroup>> _byNamespace;

    private PolicySet(
        PersistentTrie<string, CompiledPolicy, PolicySlot> byKey,
        PersistentTrie<string, NamedSlot<PolicyGroup>, ByName<PolicyGroup>> byNamespace,
        PolicyGroup global)
    {
        _byKey = byKey;
        _byNamespace = byNamespace;
        Global = global;
    }

    /// <summary>No policies.</summary>
    public static PolicySet Empty { get; } = new(default, default, PolicyGroup.Empty);

    /// <summary>The number of policies.</summary>
    public int Count => _byKey.Count;

    /// <summary>All policies with their resource names, sorted by them; sorts on each call.</summary>
    public IReadOnlyList<(string Key, AuthorizationPolicy Policy)> ByKey =>
        [.. _byKey.All().OrderBy(policy => policy.Key, StringComparer.Ordinal).Select(policy => (policy.Key, policy.Policy))];

    internal PolicyGroup Global { get; }

    /// <summary>The policy with this resource name.</summary>
    public AuthorizationPolicy? Find(string key) => FindCompiled(key)?.Policy;

    internal CompiledPolicy? FindCompiled(string key) => _byKey.TryFind(key, out CompiledPolicy? policy) ? policy : null;

    internal PolicyGroup OfNamespace(string name) => _byNamespace.TryFind(name, out NamedSlot<PolicyGroup> slot) ? slot.Items.First : PolicyGroup.Empty;

    /// <summary>This set with some policies removed and others put in the place of those with the same resource name.</summary>
    internal PolicySet With(IReadOnlyList<(string Key, AuthorizationPolicy Policy)> changed, IReadOnlyList<string> removed, List<string> unknown)
    {
        TrieEdit<string, CompiledPolicy, PolicySlot> byKey = _byKey.Edit();
        HashSet<CompiledPolicy> less = [];
        HashSet<CompiledPolicy> more = [];
        foreach (string key in removed)
        {
            if (byKey.TryFind(key, out CompiledPolicy? old))
            {
                _ = byKey.Remove(key);
                _ = less.Add(old);
            }
            else
            {
                unknown.Add(key);
            }
        }

        foreach ((string key, AuthorizationPolicy policy) in changed)
        {
            if (byKey.TryFind(key, out CompiledPolicy? old) && !more.Remove(old))
            {
                _ = less.Add(old);
            }

            CompiledPolicy compiled = new(key, policy);
            byKey.Set(key, compiled);
            _ = more.Add(compiled);
        }

        (PolicyGroup global, PersistentTrie<string, NamedSlot<PolicyGroup>, ByName<PolicyGroup>> byNamespace) = Regroup(less, more);
        return new PolicySet(byKey.Build(), byNamespace, global);
    }

    private (PolicyGroup Global, PersistentTrie<string, NamedSlot<PolicyGroup>, ByName<PolicyGroup>> ByNamespace) Regroup(HashSet<CompiledPolicy> less, HashSet<CompiledPolicy> more)
    {
        List<CompiledPolicy> OfScope(HashSet<CompiledPolicy> policies, PolicyScope scope) => [.. policies.Where(policy => policy.Policy.Scope == scope)];

        List<CompiledPolicy> globalLess = OfScope(less, PolicyScope.Global), globalMore = OfScope(more, PolicyScope.Global);
        PolicyGroup global = globalLess.Count + globalMore.Count > 0 ? Global.With(globalLess, globalMore) : Global;

        ILookup<string, CompiledPolicy> spaceLess = OfScope(less, PolicyScope.Namespace).ToLookup(policy => policy.Policy.Namespace);
        ILookup<string, CompiledPolicy> spaceMore = OfScope(more, PolicyScope.Namespace).ToLookup(policy => policy.Policy.Namespace);
        TrieEdit<string, NamedSlot<PolicyGroup>, ByName<PolicyGroup>> byNamespace = _byNamespace.Edit();
        foreach (string name in spaceLess.Select(group => group.Key).Union(spaceMore.Select(group => group.Key)))
        {
            PolicyGroup group = OfNamespace(name).With([.. spaceLess[name]], [.. spaceMore[name]]);
            if (group.IsEmpty)
            {
                _ = byNamespace.Remove(name);
            }
            else
            {
                byNamespace.Set(name, new NamedSlot<PolicyGroup>(name, new OneOrMany<PolicyGroup>(group)));
            }
        }

        return (global, byNamespace.Build());
    }
}
