namespace Ambient.Cni.Enrolment.Pods;

/// <summary>What enrolment wants to know about a pod. Immutable.</summary>
public sealed record PodFacts
{
    /// <summary><c>metadata.name</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>metadata.namespace</c>.</summary>
    public required string Namespace { get; init; }

    /// <summary>What the container runtime calls the pod: <c>metadata.uid</c>, or for a static pod the digest of its manifest. Empty when unknown.</summary>
    public string Uid { get; init; } = "";

    /// <summary><c>metadata.uid</c>: another one than <see cref="Uid"/> for the mirror of a static pod.</summary>
    public string ObjectUid { get => field.Length > 0 ? field : Uid; init; } = "";

    /// <summary><c>metadata.labels</c>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = Empty;

    /// <summary><c>metadata.annotations</c>.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = Empty;

    /// <summary><c>spec.hostNetwork</c>.</summary>
    public bool HostNetwork { get; init; }

    /// <summary><c>status.phase</c>.</summary>
    public PodPhase Phase { get; init; }

    private static IReadOnlyDictionary<string, string> Empty { get; } = new Dictionary<string, string>(0, StringComparer.Ordinal);
}
