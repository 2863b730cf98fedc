namespace Ambient.Cni.Enrolment.Selectors;

/// <summary>One pair of selectors; an absent one is <see cref="LabelSelector.Everything"/> (cni-and-redirection.md 1.2). Immutable.</summary>
public sealed record EnablementSelector(LabelSelector Pod, LabelSelector Namespace)
{
    /// <summary>The label that both default pairs look at.</summary>
    public const string ModeLabel = "istio.io/dataplane-mode";

    /// <summary>The pairs that hold when nothing is configured: the pod says ambient, or its namespace does and the pod does not say none.</summary>
    public static IReadOnlyList<EnablementSelector> Defaults { get; } =
    [
        new(new LabelSelector([new LabelExpression(ModeLabel, LabelOperator.In, ["ambient"])]), LabelSelector.Everything),
        new(
            new LabelSelector([new LabelExpression(ModeLabel, LabelOperator.NotIn, ["none"])]),
            new LabelSelector([new LabelExpression(ModeLabel, LabelOperator.In, ["ambient"])])),
    ];
}
