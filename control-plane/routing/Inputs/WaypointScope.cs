using System.Text.Json;
using Ambient.Kubernetes.Resources.Istio;

namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>Everything that the configuration of one waypoint is made of. Immutable.</summary>
public sealed record WaypointScope
{
    /// <summary>The waypoint's namespace: what it may see, and whose rules apply.</summary>
    public required string Namespace { get; init; }

    /// <summary>The name of its Gateway.</summary>
    public required string Gateway { get; init; }

    /// <summary>The class of its Gateway.</summary>
    public string GatewayClass { get; init; } = "istio-waypoint";

    /// <summary>The mesh's root namespace.</summary>
    public string RootNamespace { get; init; } = "istio-system";

    /// <summary>Such as <c>cluster.local</c>.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>The name of the cluster, as telemetry says it.</summary>
    public string ClusterId { get; init; } = "";

    /// <summary>MeshConfig as it was written: its access logs, tracing and providers; null when there is none.</summary>
    public RoutingObject? MeshConfig { get; init; }

    /// <summary>What holds where routes and DestinationRules say nothing.</summary>
    public MeshDefaults Defaults { get; init; } = MeshDefaults.None;

    /// <summary>The services that it serves.</summary>
    public required IReadOnlyList<RoutedService> Served { get; init; }

    /// <summary>All services that it can see, its own included, where <see cref="Directory"/> is not given.</summary>
    public IReadOnlyList<RoutedService> Visible { get; init; } = [];

    /// <summary>All services that it can see, by name; those of <see cref="Visible"/> unless given.</summary>
    public IServiceDirectory Directory
    {
        get => field ??= new ServiceList(Visible);
        init;
    }

    /// <summary>VirtualServices, DestinationRules, HTTPRoutes, GRPCRoutes, TCPRoutes, TLSRoutes, RequestAuthentications, LocalRateLimits and Telemetries.</summary>
    public IReadOnlyList<RoutingObject> Objects { get; init; } = [];

    /// <summary>AuthorizationPolicies.</summary>
    public IReadOnlyList<AuthorizationPolicy> Policies { get; init; } = [];

    /// <summary>The extension providers of the mesh's configuration, as they were written.</summary>
    public IReadOnlyList<JsonElement> ExtensionProviders { get; init; } = [];

    /// <summary>The uids of a service's endpoints that have all of these labels.</summary>
    public Func<RoutedService, IReadOnlyDictionary<string, string>, IReadOnlyList<string>> Members { get; init; } = static (_, _) => [];

    /// <summary>The key set of an issuer, fetched elsewhere; null when it could not be had.</summary>
    public Func<KeySource, string?> Keys { get; init; } = static _ => null;

    /// <summary>Why there is no key set; null: it is being fetched for the first time.</summary>
    public Func<KeySource, string?> KeysMissing { get; init; } = static _ => "nobody has fetched them";

    /// <summary>What Secrets and ConfigMaps say that objects name.</summary>
    public Func<ReferenceKey, Referenced> References { get; init; } = static _ => Referenced.Missing;

    /// <summary>Istio's Gateways (<c>namespace/name</c>) for which routes are meant; null: for the mesh.</summary>
    public IReadOnlySet<string>? Gateways { get; init; }

    /// <summary>Labels of an ingress gateway's pods, which policies may select; null: of a waypoint, which they cannot.</summary>
    public IReadOnlyDictionary<string, string>? PodLabels { get; init; }

    /// <summary>Whether a reference from one namespace into another is allowed: the object, and the group, kind, namespace and name of what it names. Mesh routes need no grants.</summary>
    public Func<RoutingObject, string, string, string, string, bool> IsGranted { get; init; } = static (_, _, _, _, _) => true;

    /// <summary>Whether an object of a namespace that names these gateways means us.</summary>
    internal bool IsNamed(IReadOnlyList<string> gateways, string @namespace) =>
        Gateways is null ? gateways.Contains("mesh") : gateways.Any(name => Gateways.Contains(name.Contains('/', StringComparison.Ordinal) ? name : $"{@namespace}/{name}"));

    /// <summary>The objects of one kind, oldest first; ties by name, then namespace.</summary>
    public IEnumerable<RoutingObject> Of(string kind) => Objects.Where(o => o.Kind == kind).OrderBy(o => o.Created).ThenBy(o => o.Name, StringComparer.Ordinal).ThenBy(o => o.Namespace, StringComparer.Ordinal);
}
