namespace Ambient.Cni.Enrolment.Selectors;

/// <summary>A Kubernetes label selector: all expressions must hold (<c>matchLabels</c> became <c>In</c> with one value). Immutable.</summary>
public sealed record LabelSelector(IReadOnlyList<LabelExpression> Expressions)
{
    /// <summary>Selects everything.</summary>
    public static LabelSelector Everything { get; } = new([]);

    /// <summary>Whether every set of labels matches.</summary>
    public bool IsEverything => Expressions.Count == 0;

    /// <summary>Whether the labels satisfy every expression.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (LabelExpression expression in Expressions)
        {
            if (!expression.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }
}
