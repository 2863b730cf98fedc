using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Conditions;

/// <summary>What an object's status should say. Immutable.</summary>
/// <param name="Type">The object's kind.</param>
/// <param name="Key">The object.</param>
/// <param name="Wanted">The conditions, without times; those that are the speaker's own and are missing should not be there.</param>
/// <param name="Parents">For routes what is said about each of their parents, for BackendTLSPolicies about each of their ancestors; null for all other kinds.</param>
public sealed record ObjectConditions(ResourceType Type, ResourceKey Key, IReadOnlyList<Condition> Wanted, IReadOnlyList<ParentConditions>? Parents = null)
{
    /// <summary>The generation of the object that was looked at; null: nobody looked at one.</summary>
    public long? Generation { get; init; }

    /// <summary>Whether both say the same about the same.</summary>
    public bool SaysSame(ObjectConditions? other) => other is not null && Type == other.Type && Key == other.Key && Generation == other.Generation && Wanted.SequenceEqual(other.Wanted)
        && (Parents is null ? other.Parents is null : other.Parents is not null && Parents.Count == other.Parents.Count && Parents.Zip(other.Parents).All(static pair => IsSame(pair.First, pair.Second)));

    private static bool IsSame(ParentConditions one, ParentConditions other) =>
        one.Parent == other.Parent && one.Controller == other.Controller && (one.Wanted is null ? other.Wanted is null : other.Wanted is not null && one.Wanted.SequenceEqual(other.Wanted));
}
