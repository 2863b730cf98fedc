using System.Globalization;

namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>The part of a pod's spec that chooses nodes by what they are. Immutable.</summary>
public sealed record NodeChoice
{
    /// <summary><c>nodeSelector</c>: labels that a node must have.</summary>
    public StringMap NodeSelector { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>affinity</c>.</summary>
    public Affinity Affinity { get; init => field = value ?? new Affinity(); } = new();

    /// <summary>
    /// Whether a node is chosen; null when that cannot be said, because something in here is not understood. Taints are not looked at: they come and go.
    /// </summary>
    public bool? Chooses(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (NodeSelector.Any(l => node.Metadata.Labels.Find(l.Key) != l.Value))
        {
            return false;
        }

        if (Affinity.NodeAffinity.Required is not { } required)
        {
            return true;
        }

        // One term is enough; one that says nothing chooses nothing.
        bool?[] terms = [.. required.NodeSelectorTerms.Select(t => Fulfils(t, node))];
        return terms.Contains(true) ? true : terms.Contains(null) ? null : false;
    }

    private static bool? Fulfils(NodeSelectorTerm term, Node node)
    {
        bool?[] all =
        [
            .. term.MatchExpressions.Select(e => Fulfils(e, node.Metadata.Labels.Find(e.Key))),
            .. term.MatchFields.Select(e => e.Key == "metadata.name" ? Fulfils(e, node.Metadata.Name) : null),
        ];
        return all.Length == 0 || all.Contains(false) ? false : all.Contains(null) ? null : true;
    }

    private static bool? Fulfils(LabelRequirement requirement, string? value) => requirement.Operator switch
    {
        "In" => value is not null && requirement.Values.Contains(value),
        "NotIn" => value is null || !requirement.Values.Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" or "Lt" => Compares(requirement, value),
        _ => null,
    };

    private static bool? Compares(LabelRequirement requirement, string? value)
    {
        if (requirement.Values is not [var bound] || !long.TryParse(bound, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long limit))
        {
            return null;
        }

        return long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && (requirement.Operator == "Gt" ? number > limit : number < limit);
    }
}
