using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Conditions;

/// <summary>What an object's status should say. Immutable.</summary>
/// <param name="Type">The object's kind.</param>
/// <param name="Key">The object.</param>
/// <param name="Wanted">The conditions, without times; those of <see cref="ConditionTypes.All"/> that are missing should not be there.</param>
public sealed record ObjectConditions(ResourceType Type, ResourceKey Key, IReadOnlyList<Condition> Wanted);
