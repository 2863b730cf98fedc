namespace Ambient.Mesh.Policies;

/// <summary>Keeps the matching policy with the lowest key, so that the answer doesn't depend on the order of insertion.</summary>
internal struct FirstMatch(HashSet<CompiledPolicy>? gone) : IRuleVisitor
{
    internal CompiledPolicy? Policy { get; private set; }

    public readonly bool IsInteresting(CompiledPolicy policy) =>
        (Policy is null || string.CompareOrdinal(policy.Key, Policy.Key) < 0) && gone?.Contains(policy) != true;

    public void Matched(CompiledPolicy policy) => Policy = policy;
}
