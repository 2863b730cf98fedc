using System.Net;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Pods;

/// <summary>A pod of this node as its source tells it. Immutable.</summary>
public sealed record PodRecord
{
    /// <summary>What enrolment looks at; its UID is the pod's identity here.</summary>
    public required PodFacts Facts { get; init; }

    /// <summary><c>spec.serviceAccountName</c>.</summary>
    public string ServiceAccount { get; init; } = "default";

    /// <summary>The pod's addresses; empty until it has some.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>TCP ports that the kubelet probes, from the pod's containers.</summary>
    public IReadOnlyList<int> ProbePorts { get; init; } = [];

    /// <summary>Whether the workload accepts mutual TLS alone; yes while nobody knows.</summary>
    public bool IsStrict { get; init; } = true;

    /// <summary>Value of the redirection annotation; null when it has none.</summary>
    public string? Annotation { get; init; }

    /// <summary>Grows with each change of the pod's object; 0 when its source has none.</summary>
    public ulong Version { get; init; }

    /// <summary>The pod's UID.</summary>
    public string Uid => Facts.Uid;

    /// <summary>Namespace and name, for messages.</summary>
    public string FullName => Facts.Namespace + "/" + Facts.Name;

    /// <summary>It is being deleted: what is gone of it is not missed.</summary>
    public bool IsEnding { get; init; }
}
