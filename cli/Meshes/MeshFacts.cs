using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cli.Meshes;

/// <summary>What a cluster has that matters to the mesh, at one moment. Immutable.</summary>
internal sealed record MeshFacts
{
    /// <summary>Label that puts namespaces and pods into the mesh.</summary>
    public const string ModeLabel = "istio.io/dataplane-mode";

    /// <summary>Label that names a waypoint.</summary>
    public const string WaypointLabel = "istio.io/use-waypoint";

    /// <summary>Label of EndpointSlices that names their Service.</summary>
    public const string ServiceLabel = "kubernetes.io/service-name";

    private const string RedirectionAnnotation = "ambient.istio.io/redirection";

    /// <summary>Address of the API server.</summary>
    public required string Server { get; init; }

    /// <summary>Version of Kubernetes.</summary>
    public required string Version { get; init; }

    /// <summary>Namespace of the control plane.</summary>
    public required string SystemNamespace { get; init; }

    /// <summary>Nodes that run Linux.</summary>
    public IReadOnlyList<Node> Nodes { get; init; } = [];

    /// <summary>Namespaces.</summary>
    public IReadOnlyList<Namespace> Namespaces { get; init; } = [];

    /// <summary>Pods of all namespaces.</summary>
    public IReadOnlyList<Pod> Pods { get; init; } = [];

    /// <summary>Gateways; null when the kind is not installed.</summary>
    public IReadOnlyList<Gateway>? Gateways { get; init; }

    /// <summary>Names of the control plane's Services: one of each revision.</summary>
    public IReadOnlyList<string> ControlPlaneServices { get; init; } = [];

    /// <summary>Slices of the control plane's Services.</summary>
    public IReadOnlyList<EndpointSlice> ControlPlaneSlices { get; init; } = [];

    /// <summary>Namespaces that have the roots of trust.</summary>
    public IReadOnlySet<string> RootNamespaces { get; init; } = new HashSet<string>();

    /// <summary>Kinds of the mesh that the server does not know.</summary>
    public IReadOnlyList<string> MissingKinds { get; init; } = [];

    /// <summary>Clusters that the control plane follows; none where it spans no others, or cannot be asked.</summary>
    public IReadOnlyList<FollowedCluster> Clusters { get; init; } = [];

    /// <summary>What each replica of the control plane says about those that it serves; none where they cannot be asked.</summary>
    public IReadOnlyList<ReplicaClients> Replicas { get; init; } = [];

    /// <summary>What could not be read, with the reason.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];

    /// <summary>Pods of the system namespace with a label.</summary>
    public IReadOnlyList<Pod> Components(string label, string value) =>
        [.. Pods.Where(p => p.Metadata.Namespace == SystemNamespace && p.Metadata.Labels.Find(label) == value)];

    /// <summary>Whether a pod's containers are ready.</summary>
    public static bool IsReady(Pod pod) => pod.Metadata.DeletionTimestamp is null && pod.Status.Conditions.Any(static c => c.Type == "Ready" && c.Status == "True");

    /// <summary>Whether the agent says that the pod's traffic is captured.</summary>
    public static bool IsCaptured(Pod pod) => pod.Metadata.Annotations.Find(RedirectionAnnotation) == "enabled";

    /// <summary>Pods that should be in the mesh and can be: running, with a network of their own.</summary>
    public IReadOnlyList<Pod> Wanted(Namespace space) =>
        [.. Pods.Where(p => p.Metadata.Namespace == space.Metadata.Name && p.Status.Phase is ("Running" or "Pending") && !p.Spec.HostNetwork
            && (p.Metadata.Labels.Find(ModeLabel) ?? space.Metadata.Labels.Find(ModeLabel)) == "ambient")];
}
