using System.Text.Json.Serialization;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources.Authentication;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Resources.Coordination;
using Ambient.Kubernetes.Resources.Extensions;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Kubernetes.Resources.Json;

/// <summary>The generated readers and writers. Thread-safe.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(ServiceAccount))]
[JsonSerializable(typeof(DaemonSet))]
[JsonSerializable(typeof(Deployment))]
[JsonSerializable(typeof(HorizontalPodAutoscaler))]
[JsonSerializable(typeof(PodDisruptionBudget))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(CoreEvent))]
[JsonSerializable(typeof(TokenReview))]
[JsonSerializable(typeof(CustomResourceDefinition))]
[JsonSerializable(typeof(AuthorizationPolicy))]
[JsonSerializable(typeof(PeerAuthentication))]
[JsonSerializable(typeof(ServiceEntry))]
[JsonSerializable(typeof(WorkloadEntry))]
[JsonSerializable(typeof(GatewayClass))]
[JsonSerializable(typeof(Gateway))]
[JsonSerializable(typeof(RoutingResource))]
[JsonSerializable(typeof(ApiStatus))]
[JsonSerializable(typeof(ApiResourceList))]
[JsonSerializable(typeof(ServerVersion))]
internal sealed partial class ResourceJsonContext : JsonSerializerContext;
