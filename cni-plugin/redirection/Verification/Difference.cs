namespace Ambient.Cni.Redirection.Verification;

/// <summary>One way in which the kernel differs from the model. Immutable.</summary>
/// <param name="Kind">Missing, unexpected or misplaced.</param>
/// <param name="Place">Where: table and hook, or routing.</param>
/// <param name="What">The rule, chain or route, in words.</param>
public sealed record Difference(DifferenceKind Kind, string Place, string What)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => Kind switch
    {
        DifferenceKind.Missing => $"{Place}: missing: {What}",
        DifferenceKind.Unexpected => $"{Place}: unexpected: {What}",
        _ => $"{Place}: out of order: {What}",
    };
}
