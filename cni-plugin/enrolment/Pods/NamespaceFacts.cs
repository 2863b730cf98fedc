namespace Ambient.Cni.Enrolment.Pods;

/// <summary>What enrolment wants to know about a pod's namespace. Immutable.</summary>
public sealed record NamespaceFacts(string Name, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>Grows with each change of the namespace; 0 when its source has none.</summary>
    public ulong Version { get; init; }
}
