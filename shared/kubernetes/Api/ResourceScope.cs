using System.Text;

namespace Ambient.Kubernetes.Api;

/// <summary>Which objects of a kind. Immutable.</summary>
/// <param name="Namespace">One namespace; null for all.</param>
/// <param name="Labels">Label selector, such as <c>app=a,!b</c>; null for all.</param>
/// <param name="Fields">Field selector, such as <c>spec.nodeName=node1</c>; null for all.</param>
public sealed record ResourceScope(string? Namespace = null, string? Labels = null, string? Fields = null)
{
    /// <summary>All objects.</summary>
    public static ResourceScope All { get; } = new();

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder(Namespace ?? "all namespaces");
        _ = Labels is null ? text : text.Append(", labels ").Append(Labels);
        _ = Fields is null ? text : text.Append(", fields ").Append(Fields);
        return text.ToString();
    }
}
