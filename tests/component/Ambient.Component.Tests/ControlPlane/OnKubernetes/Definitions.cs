using Ambient.Component.Tests.Kubernetes;
using Ambient.Kubernetes.Resources;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>Definitions of the mesh's kinds that take anything: what an object says is then the control plane's to judge.</summary>
internal static class Definitions
{
    /// <summary>Defines all kinds, or those named, and waits until they are served.</summary>
    public static async Task InstallAsync(ApiServerFixture rig, params ResourceType[] types)
    {
        types = types.Length > 0 ? types :
        [
            KnownResources.AuthorizationPolicies, KnownResources.PeerAuthentications, KnownResources.ServiceEntries, KnownResources.WorkloadEntries,
            KnownResources.Gateways, KnownResources.GatewayClasses,
        ];
        foreach (ResourceType type in types)
        {
            string singular = type.Kind.ToLowerInvariant();
            string scope = type.IsNamespaced ? "Namespaced" : "Cluster";
            await rig.ApplyAsync(KnownResources.CustomResourceDefinitions, new ResourceKey("", type.FullName), $$$$"""
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{{{type.FullName}}}}","annotations":{"api-approved.kubernetes.io":"https://example.com"}},
                 "spec":{"group":"{{{{type.Group}}}}","scope":"{{{{scope}}}}","names":{"plural":"{{{{type.Plural}}}}","singular":"{{{{singular}}}}","kind":"{{{{type.Kind}}}}","listKind":"{{{{type.Kind}}}}List"},
                 "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}
                """);
        }

        foreach (ResourceType type in types)
        {
            await Testing.Waiting.Eventually.PassesAsync(
                async () => Assert.Null((await rig.Admin.Discovery.VersionOfAsync(type, CancellationToken.None)).Error),
                TimeSpan.FromSeconds(60));
        }
    }
}
