namespace Ambient.Mesh.Policies;

/// <summary>Takes the policies that match.</summary>
internal interface IRuleVisitor
{
    /// <summary>Whether a match of this policy would make a difference.</summary>
    bool IsInteresting(CompiledPolicy policy);

    /// <summary>The policy matches; may be told more than once.</summary>
    void Matched(CompiledPolicy policy);
}
