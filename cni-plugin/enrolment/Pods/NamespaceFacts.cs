namespace Ambient.Cni.Enrolment.Pods;

/// <summary>What enrolment wants to know about a pod's namespace. Immutable.</summary>
public sealed record NamespaceFacts(string Name, IReadOnlyDictionary<string, string> Labels);
