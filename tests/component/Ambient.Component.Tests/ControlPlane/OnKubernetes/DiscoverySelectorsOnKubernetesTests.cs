using Ambient.Component.Tests.Kubernetes;
using Ambient.Grpc.Client;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Mesh.Identities;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>Discovery selectors on a real API server: what is written into namespaces, what proxies learn of them, and who gets certificates.</summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class DiscoverySelectorsOnKubernetesTests(ApiServerFixture rig)
{
    private const string Captured = """{"ambient.istio.io/redirection":"enabled"}""";
    private const string Waypoint = "\"gatewayClassName\":\"istio-waypoint\",\"listeners\":[{\"name\":\"mesh\",\"port\":15008,\"protocol\":\"HBONE\"}]";

    [RequiresApiServerFact]
    [Trait("behaviour", "CP-200")]
    [Trait("behaviour", "CP-201")]
    [Trait("behaviour", "CP-214")]
    public async Task WhatIsNotSelected_IsLeftAlone_UntilItIs()
    {
        await Definitions.InstallAsync(rig);
        string tag = Guid.NewGuid().ToString("N")[..8];
        string system = await rig.NamespaceAsync(), shop = await rig.NamespaceAsync($$"""{"mesh":"{{tag}}"}"""), lab = await rig.NamespaceAsync();
        await MeshConfigAsync(system, $"discoverySelectors: [{{matchLabels: {{mesh: '{tag}'}}}}]");
        Pod ztunnel = await rig.RunningPodAsync(system, "zt-1", "10.70.0.1", "sel-1", "ztunnel");
        foreach (string space in new[] { shop, lab })
        {
            await rig.RunningPodAsync(space, "cart", space == shop ? "10.70.0.2" : "10.70.0.3", "sel-1", notes: Captured);
            await rig.SpecAsync(KnownResources.Gateways, space, "w", Waypoint);
        }

        await using PlaneProcess plane = await PlaneProcess.ReadyAsync(rig, system);
        string token = await rig.PodTokenAsync(ztunnel);
        await using ConnectedZtunnel proxy = await ConnectedZtunnel.OfAsync(plane, token);
        string inShop = $"Kubernetes//Pod/{shop}/cart", inLab = $"Kubernetes//Pod/{lab}/cart";
        Assert.Equal((true, false), (proxy.Knows(inShop), proxy.Knows(inLab)));
        await plane.RootAsync(shop);
        await DeploymentAsync(shop, isThere: true);
        Assert.True(await IsAbsentAsync(lab), "roots in a namespace that is not selected");
        await DeploymentAsync(lab, isThere: false);

        // Whoever runs on a node gets its certificates, whatever is discovered (control-plane reference 6.3).
        using (GrpcChannel channel = await plane.ChannelAsync(token))
        {
            await PlaneProcess.CertificateAsync(channel, new SpiffeId("cluster.local", lab, "cart"));
        }

        // A label selects a namespace while we run. The system namespace needs none.
        await LabelAsync(lab, tag);
        await plane.RootAsync(lab);
        await DeploymentAsync(lab, isThere: true);
        await proxy.UntilAsync(inLab, isKnown: true);
        await plane.RootAsync(system);

        // Other selectors: roots go where they are not wanted any more, what serves there stays.
        await MeshConfigAsync(system, $"discoverySelectors: [{{matchExpressions: [{{key: mesh, operator: In, values: ['{tag}']}}, {{key: only, operator: Exists}}]}}]");
        await proxy.UntilAsync(inLab, isKnown: false);
        await proxy.UntilAsync(inShop, isKnown: false);
        await Eventually.PassesAsync(async () => Assert.True(await IsAbsentAsync(lab) && await IsAbsentAsync(shop)), PlaneProcess.Deadline);
        await DeploymentAsync(shop, isThere: true);
        await plane.RootAsync(system);

        // What cannot be read changes nothing, and nothing said selects every namespace.
        await MeshConfigAsync(system, "discoverySelectors: [{matchLabel: {}}]");
        await plane.SaysAsync("discoverySelectors[0].matchLabel: is not known");
        Assert.False(proxy.Knows(inShop));
        await MeshConfigAsync(system, "accessLogEncoding: TEXT");
        await proxy.UntilAsync(inShop, isKnown: true);
        await plane.RootAsync(lab);
    }

    private Task MeshConfigAsync(string system, string mesh) =>
        rig.ApplyAsync(KnownResources.ConfigMaps, new ResourceKey(system, "istio"), $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"istio"},"data":{"mesh":"{{{mesh}}}"}}""");

    private Task LabelAsync(string space, string tag) =>
        rig.ApplyAsync(KnownResources.Namespaces, new ResourceKey("", space), $$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{space}}}","labels":{"mesh":"{{{tag}}}"} } }""");

    private async Task<bool> IsAbsentAsync(string space) =>
        (await rig.Admin.GetAsync(KnownResources.ConfigMaps, new ResourceKey(space, "istio-ca-root-cert"), CancellationToken.None)).Error is { IsNotFound: true };

    private async Task DeploymentAsync(string space, bool isThere)
    {
        if (!isThere)
        {
            Assert.True((await rig.Admin.GetAsync(KnownResources.Deployments, new ResourceKey(space, "w"), CancellationToken.None)).Error is { IsNotFound: true }, "a waypoint in a namespace that is not selected");
            return;
        }

        await Eventually.PassesAsync(
            async () =>
            {
                ApiResult<Deployment> read = await rig.Admin.GetAsync(KnownResources.Deployments, new ResourceKey(space, "w"), CancellationToken.None);
                Assert.True(read.IsOk(out _, out ApiError? error), error?.ToString());
            },
            PlaneProcess.Deadline);
    }
}
