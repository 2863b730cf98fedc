using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Visibility;

/// <summary>One policy about ServiceEntries. Immutable.</summary>
/// <param name="Result">What holds for those that it matches.</param>
/// <param name="Namespaces">All of these match the labels of the entry's namespace; none: every namespace is meant.</param>
internal sealed record VisibilityRule(EntryVisibility Result, IReadOnlyList<LabelSelector> Namespaces);
