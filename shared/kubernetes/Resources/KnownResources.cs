using Ambient.Kubernetes.Resources.Authentication;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Resources.Coordination;
using Ambient.Kubernetes.Resources.Extensions;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Json;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Shapes;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Kubernetes.Resources;

/// <summary>The kinds that the mesh knows. Immutable.</summary>
public static class KnownResources
{
    private const string Istio = "istio.io";
    private const string GatewayApi = "gateway.networking.k8s.io";

    /// <summary>Pods.</summary>
    public static ResourceType<Pod> Pods { get; } = BuiltIn<Pod>("", "v1", "pods", "Pod");

    /// <summary>Namespaces.</summary>
    public static ResourceType<Namespace> Namespaces { get; } = BuiltIn<Namespace>("", "v1", "namespaces", "Namespace", isNamespaced: false);

    /// <summary>Nodes.</summary>
    public static ResourceType<Node> Nodes { get; } = BuiltIn<Node>("", "v1", "nodes", "Node", isNamespaced: false);

    /// <summary>Services.</summary>
    public static ResourceType<Service> Services { get; } = BuiltIn<Service>("", "v1", "services", "Service");

    /// <summary>EndpointSlices: v1 since Kubernetes 1.21, v1beta1 until 1.24; one record reads both.</summary>
    public static ResourceType<EndpointSlice> EndpointSlices { get; } =
        new("discovery.k8s.io", ["v1", "v1beta1"], "endpointslices", "EndpointSlice", ResourceJson.TypeInfo<EndpointSlice>());

    /// <summary>Secrets.</summary>
    public static ResourceType<Secret> Secrets { get; } = BuiltIn<Secret>("", "v1", "secrets", "Secret");

    /// <summary>ConfigMaps.</summary>
    public static ResourceType<ConfigMap> ConfigMaps { get; } = BuiltIn<ConfigMap>("", "v1", "configmaps", "ConfigMap");

    /// <summary>ServiceAccounts.</summary>
    public static ResourceType<ServiceAccount> ServiceAccounts { get; } = BuiltIn<ServiceAccount>("", "v1", "serviceaccounts", "ServiceAccount");

    /// <summary>DaemonSets; of them only whether they are there, and on which nodes.</summary>
    public static ResourceType<DaemonSet> DaemonSets { get; } = BuiltIn<DaemonSet>("apps", "v1", "daemonsets", "DaemonSet");

    /// <summary>Deployments.</summary>
    public static ResourceType<Deployment> Deployments { get; } = BuiltIn<Deployment>("apps", "v1", "deployments", "Deployment");

    /// <summary>HorizontalPodAutoscalers: v2 since Kubernetes 1.23, v2beta2 until 1.25.</summary>
    public static ResourceType<HorizontalPodAutoscaler> HorizontalPodAutoscalers { get; } =
        new("autoscaling", ["v2", "v2beta2"], "horizontalpodautoscalers", "HorizontalPodAutoscaler", ResourceJson.TypeInfo<HorizontalPodAutoscaler>());

    /// <summary>PodDisruptionBudgets: v1 since Kubernetes 1.21, v1beta1 until 1.24.</summary>
    public static ResourceType<PodDisruptionBudget> PodDisruptionBudgets { get; } =
        new("policy", ["v1", "v1beta1"], "poddisruptionbudgets", "PodDisruptionBudget", ResourceJson.TypeInfo<PodDisruptionBudget>());

    /// <summary>Leases.</summary>
    public static ResourceType<Lease> Leases { get; } = BuiltIn<Lease>("coordination.k8s.io", "v1", "leases", "Lease");

    /// <summary>Events of the core group.</summary>
    public static ResourceType<CoreEvent> Events { get; } = BuiltIn<CoreEvent>("", "v1", "events", "Event");

    /// <summary>TokenReviews; only ever created.</summary>
    public static ResourceType<TokenReview> TokenReviews { get; } = BuiltIn<TokenReview>("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", isNamespaced: false);

    /// <summary>Definitions of custom resources.</summary>
    public static ResourceType<CustomResourceDefinition> CustomResourceDefinitions { get; } =
        BuiltIn<CustomResourceDefinition>("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", isNamespaced: false);

    /// <summary>Istio's AuthorizationPolicies.</summary>
    public static ResourceType<AuthorizationPolicy> AuthorizationPolicies { get; } =
        new("security." + Istio, ["v1", "v1beta1"], "authorizationpolicies", "AuthorizationPolicy", ResourceJson.TypeInfo<AuthorizationPolicy>())
        {
            Shape = PolicyShapes.AuthorizationPolicy,
            Remains = PolicyRemains.OfAuthorization,
        };

    /// <summary>Istio's PeerAuthentications.</summary>
    public static ResourceType<PeerAuthentication> PeerAuthentications { get; } =
        new("security." + Istio, ["v1", "v1beta1"], "peerauthentications", "PeerAuthentication", ResourceJson.TypeInfo<PeerAuthentication>())
        {
            Shape = PolicyShapes.PeerAuthentication,
            Remains = PolicyRemains.OfPeer,
        };

    /// <summary>Istio's ServiceEntries.</summary>
    public static ResourceType<ServiceEntry> ServiceEntries { get; } =
        new("networking." + Istio, ["v1", "v1beta1", "v1alpha3"], "serviceentries", "ServiceEntry", ResourceJson.TypeInfo<ServiceEntry>());

    /// <summary>Istio's WorkloadEntries.</summary>
    public static ResourceType<WorkloadEntry> WorkloadEntries { get; } =
        new("networking." + Istio, ["v1", "v1beta1", "v1alpha3"], "workloadentries", "WorkloadEntry", ResourceJson.TypeInfo<WorkloadEntry>());

    /// <summary>Gateway API's GatewayClasses.</summary>
    public static ResourceType<GatewayClass> GatewayClasses { get; } =
        new(GatewayApi, ["v1", "v1beta1"], "gatewayclasses", "GatewayClass", ResourceJson.TypeInfo<GatewayClass>(), isNamespaced: false);

    /// <summary>Gateway API's Gateways.</summary>
    public static ResourceType<Gateway> Gateways { get; } = new(GatewayApi, ["v1", "v1beta1"], "gateways", "Gateway", ResourceJson.TypeInfo<Gateway>());

    /// <summary>Istio's VirtualServices.</summary>
    public static ResourceType<RoutingResource> VirtualServices { get; } = Routing("networking." + Istio, ["v1", "v1beta1", "v1alpha3"], "virtualservices", "VirtualService");

    /// <summary>Istio's own Gateways.</summary>
    public static ResourceType<RoutingResource> IstioGateways { get; } = Routing("networking." + Istio, ["v1", "v1beta1", "v1alpha3"], "gateways", "Gateway");

    /// <summary>Istio's DestinationRules.</summary>
    public static ResourceType<RoutingResource> DestinationRules { get; } = Routing("networking." + Istio, ["v1", "v1beta1", "v1alpha3"], "destinationrules", "DestinationRule");

    /// <summary>Istio's RequestAuthentications.</summary>
    public static ResourceType<RoutingResource> RequestAuthentications { get; } = Routing("security." + Istio, ["v1", "v1beta1"], "requestauthentications", "RequestAuthentication");

    /// <summary>Istio's Telemetries.</summary>
    public static ResourceType<RoutingResource> Telemetries { get; } = Routing("telemetry." + Istio, ["v1", "v1alpha1"], "telemetries", "Telemetry");

    /// <summary>Gateway API's HTTPRoutes.</summary>
    public static ResourceType<RoutingResource> HttpRoutes { get; } = Routing(GatewayApi, ["v1", "v1beta1"], "httproutes", "HTTPRoute");

    /// <summary>Gateway API's GRPCRoutes.</summary>
    public static ResourceType<RoutingResource> GrpcRoutes { get; } = Routing(GatewayApi, ["v1", "v1alpha2"], "grpcroutes", "GRPCRoute");

    /// <summary>Gateway API's TCPRoutes.</summary>
    public static ResourceType<RoutingResource> TcpRoutes { get; } = Routing(GatewayApi, ["v1", "v1alpha2"], "tcproutes", "TCPRoute");

    /// <summary>Gateway API's TLSRoutes.</summary>
    public static ResourceType<RoutingResource> TlsRoutes { get; } = Routing(GatewayApi, ["v1", "v1alpha3", "v1alpha2"], "tlsroutes", "TLSRoute");

    /// <summary>Gateway API's BackendTLSPolicies.</summary>
    public static ResourceType<RoutingResource> BackendTlsPolicies { get; } = Routing(GatewayApi, ["v1", "v1alpha3"], "backendtlspolicies", "BackendTLSPolicy");

    /// <summary>Gateway API's ReferenceGrants.</summary>
    public static ResourceType<RoutingResource> ReferenceGrants { get; } = Routing(GatewayApi, ["v1", "v1beta1"], "referencegrants", "ReferenceGrant");

    /// <summary>Our own LocalRateLimits.</summary>
    public static ResourceType<RoutingResource> LocalRateLimits { get; } = Routing("ambient.mesh", ["v1alpha1"], "localratelimits", "LocalRateLimit");

    /// <summary>Istio's EnvoyFilters.</summary>
    public static ResourceType<RoutingResource> EnvoyFilters { get; } = Routing("networking." + Istio, ["v1alpha3"], "envoyfilters", "EnvoyFilter");

    /// <summary>Istio's WasmPlugins.</summary>
    public static ResourceType<RoutingResource> WasmPlugins { get; } = Routing("extensions." + Istio, ["v1alpha1"], "wasmplugins", "WasmPlugin");

    /// <summary>Istio's TrafficExtensions.</summary>
    public static ResourceType<RoutingResource> TrafficExtensions { get; } = Routing("extensions." + Istio, ["v1alpha1"], "trafficextensions", "TrafficExtension");

    /// <summary>Gateway API's experimental XBackendTrafficPolicies.</summary>
    public static ResourceType<RoutingResource> BackendTrafficPolicies { get; } = Routing("gateway.networking.x-k8s.io", ["v1alpha1"], "xbackendtrafficpolicies", "XBackendTrafficPolicy");

    /// <summary>What has no effect here, so that it can be said of each object.</summary>
    public static IReadOnlyList<ResourceType<RoutingResource>> UnsupportedKinds { get; } = [EnvoyFilters, WasmPlugins, TrafficExtensions, BackendTrafficPolicies];

    /// <summary>What waypoints' configuration is compiled from, kept as it was written.</summary>
    public static IReadOnlyList<ResourceType<RoutingResource>> RoutingKinds { get; } =
        [VirtualServices, IstioGateways, DestinationRules, RequestAuthentications, Telemetries, HttpRoutes, GrpcRoutes, TcpRoutes, TlsRoutes, BackendTlsPolicies, ReferenceGrants, LocalRateLimits];

    /// <summary>All that can be watched: what a folder of manifests is read for.</summary>
    public static IReadOnlyList<ResourceType> All { get; } =
    [
        Pods, Namespaces, Nodes, Services, EndpointSlices, Secrets, ConfigMaps, ServiceAccounts, Deployments, Leases, CustomResourceDefinitions,
        AuthorizationPolicies, PeerAuthentications, ServiceEntries, WorkloadEntries, GatewayClasses, Gateways, .. RoutingKinds, .. UnsupportedKinds,
    ];

    private static ResourceType<RoutingResource> Routing(string group, IReadOnlyList<string> versions, string plural, string kind) =>
        new(group, versions, plural, kind, ResourceJson.TypeInfo<RoutingResource>());

    private static ResourceType<T> BuiltIn<T>(string group, string version, string plural, string kind, bool isNamespaced = true)
        where T : Resource => new(group, [version], plural, kind, ResourceJson.TypeInfo<T>(), isNamespaced);
}
