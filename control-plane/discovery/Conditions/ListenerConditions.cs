using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Conditions;

/// <summary>What a Gateway's status should say about one of its listeners, whether it can be reached left aside. Immutable.</summary>
/// <param name="Name">The listener.</param>
/// <param name="SupportedKinds">Kinds of routes that may attach.</param>
/// <param name="AttachedRoutes">Routes that are attached.</param>
/// <param name="Wanted">Accepted, Conflicted and ResolvedRefs, without times.</param>
/// <param name="IsServing">Whether nothing of it keeps clients from being served.</param>
public sealed record ListenerConditions(string Name, IReadOnlyList<string> SupportedKinds, int AttachedRoutes, IReadOnlyList<Condition> Wanted, bool IsServing);
