namespace Ambient.Mesh.Policies;

/// <summary>Keeps all matching policies.</summary>
internal struct AllMatches(HashSet<CompiledPolicy>? gone) : IRuleVisitor
{
    internal SortedDictionary<string, CompiledPolicy>? Policies { get; private set; }

    public readonly bool IsInteresting(CompiledPolicy policy) => gone?.Contains(policy) != true;

    public void Matched(CompiledPolicy policy) =>
        (Policies ??= new SortedDictionary<string, CompiledPolicy>(StringComparer.Ordinal))[policy.Key] = policy;
}
