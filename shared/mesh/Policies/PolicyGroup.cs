namespace Ambient.Mesh.Policies;

/// <summary>The policies of one scope. Immutable.</summary>
internal sealed class PolicyGroup
{
    private const int Kinds = 4;

    private readonly PolicyList[] _lists;

    private PolicyGroup(PolicyList[] lists) => _lists = lists;

    internal static PolicyGroup Empty { get; } = new([PolicyList.Empty, PolicyList.Empty, PolicyList.Empty, PolicyList.Empty]);

    internal bool IsEmpty => Array.TrueForAll(_lists, list => list.Count == 0);

    internal PolicyList Of(PolicyAction action, bool dryRun) => _lists[Kind(action, dryRun)];

    internal PolicyGroup With(List<CompiledPolicy> removed, List<CompiledPolicy> added)
    {
        PolicyList[] lists = [.. _lists];
        for (int kind = 0; kind < Kinds; kind++)
        {
            HashSet<CompiledPolicy> less = [.. removed.Where(policy => Kind(policy.Policy.Action, policy.Policy.IsDryRun) == kind)];
            List<CompiledPolicy> more = added.FindAll(policy => Kind(policy.Policy.Action, policy.Policy.IsDryRun) == kind);
            if (less.Count + more.Count > 0)
            {
                lists[kind] = lists[kind].With(less, more);
            }
        }

        return new PolicyGroup(lists);
    }

    private static int Kind(PolicyAction action, bool dryRun) => (action == PolicyAction.Deny ? 2 : 0) + (dryRun ? 1 : 0);
}
