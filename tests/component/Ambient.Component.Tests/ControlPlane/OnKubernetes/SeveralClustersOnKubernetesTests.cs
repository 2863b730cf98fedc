using System.Text;
using Ambient.Component.Tests.Kubernetes;
using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Mesh.Identities;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>One control plane and two real API servers: the second one is a cluster that a Secret with its kubeconfig names.</summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class SeveralClustersOnKubernetesTests(ApiServerFixture rig) : IAsyncLifetime, IDisposable
{
    private const string Captured = """{"ambient.istio.io/redirection":"enabled"}""";
    private const string Global = ",\"labels\":{\"istio.io/global\":\"true\"}";
    private readonly ApiServerFixture _far = new();

    public Task InitializeAsync() => _far.InitializeAsync();

    public Task DisposeAsync() => _far.DisposeAsync();

    public void Dispose() => _far.Dispose();

    [RequiresApiServerFact]
    [Trait("behaviour", "CP-192")]
    [Trait("behaviour", "CP-279")]
    public async Task TwoClusters_AreOneMesh_AlsoWhileTheOtherApiServerIsAway_UntilTheSecretGoes()
    {
        await Task.WhenAll(Definitions.InstallAsync(rig), Definitions.InstallAsync(_far));
        string system = await rig.NamespaceAsync(), shop = await rig.NamespaceAsync();
        await Task.WhenAll(NamespaceAsync(system), NamespaceAsync(shop));
        Pod ztunnel = await rig.RunningPodAsync(system, "zt-1", "10.60.0.1", account: "ztunnel");
        Pod farZtunnel = await _far.RunningPodAsync(system, "zt-9", "10.60.1.1", "far-node", "ztunnel");
        await ServiceAsync(rig, shop);
        await ServiceAsync(_far, shop);
        await rig.RunningPodAsync(shop, "cart", "10.60.0.2", notes: Captured);
        await _far.RunningPodAsync(shop, "cart", "10.60.1.2", "far-node", notes: Captured);
        await rig.ApplyAsync(KnownResources.Secrets, new ResourceKey(system, "far"), Secret());

        await using PlaneProcess plane = await PlaneProcess.ReadyAsync(rig, system, ("AMBIENT_ENABLE_MULTI_NETWORK", "true"), ("CLUSTER_ID", "Kubernetes"));
        await using ConnectedZtunnel proxy = await ConnectedZtunnel.OfAsync(plane, await rig.PodTokenAsync(ztunnel));
        string host = $"cart.{shop}.svc.cluster.local", own = $"Kubernetes//Pod/{shop}/cart", other = $"far//Pod/{shop}/cart";
        await Eventually.PassesAsync(() => Task.Run(() => Assert.Equal($"{own} {other}", proxy.EndpointsOf(shop, host))), PlaneProcess.Deadline);
        (_, string page) = await plane.GetAsync("metrics", "/debug/clusterz");
        Assert.Contains("\"id\": \"far\"", page, StringComparison.Ordinal);
        Assert.Contains("\"syncStatus\": \"synced\"", page, StringComparison.Ordinal);

        // A ztunnel of the other cluster is judged by that cluster's API server and gets what its own node runs.
        string farToken = await _far.PodTokenAsync(farZtunnel);
        var identity = new SpiffeId("cluster.local", shop, "cart");
        using (GrpcChannel far = await plane.ChannelAsync(farToken, "far"))
        {
            await Eventually.PassesAsync(() => PlaneProcess.CertificateAsync(far, identity), PlaneProcess.Deadline);
        }

        using (GrpcChannel stranger = await plane.ChannelAsync(farToken))
        {
            Assert.Equal(GrpcCode.Unauthenticated, (await Assert.ThrowsAsync<GrpcException>(() => PlaneProcess.CertificateAsync(stranger, identity))).Code);
        }

        // The other API server goes: what it told stays, and the own cluster goes on.
        await _far.StopAsync();
        await Eventually.PassesAsync(async () => Assert.Contains("\"problem\":", (await plane.GetAsync("metrics", "/debug/clusterz")).Body, StringComparison.Ordinal), PlaneProcess.Deadline);
        await rig.RunningPodAsync(shop, "till", "10.60.0.3", notes: Captured);
        await proxy.UntilAsync($"Kubernetes//Pod/{shop}/till", isKnown: true);
        Assert.Equal($"{own} {other}", proxy.EndpointsOf(shop, host));
        Assert.Equal(200, (await plane.GetAsync("ready", "/ready")).Status);

        // It comes back: what happened there meanwhile is made good.
        await _far.StartAsync();
        await _far.RunningPodAsync(shop, "till", "10.60.1.3", "far-node", notes: Captured);
        await _far.RemovePodAsync(shop, "cart");
        await proxy.UntilAsync($"far//Pod/{shop}/till", isKnown: true);
        await proxy.UntilAsync(other, isKnown: false);
        await Eventually.TrueAsync(() => proxy.EndpointsOf(shop, host) == own, PlaneProcess.Deadline);

        // Without the Secret it is no part of the mesh, and nobody of it is served.
        Assert.Null(await rig.Admin.DeleteAsync(KnownResources.Secrets, new ResourceKey(system, "far"), CancellationToken.None));
        await proxy.UntilAsync($"far//Pod/{shop}/till", isKnown: false);
        Assert.True(proxy.Knows(own));
        using GrpcChannel late = await plane.ChannelAsync(farToken, "far");
        Assert.Equal(GrpcCode.Unauthenticated, (await Assert.ThrowsAsync<GrpcException>(() => PlaneProcess.CertificateAsync(late, identity))).Code);
        Assert.DoesNotContain(farToken, plane.Log, StringComparison.Ordinal);
    }

    private static Task ServiceAsync(ApiServerFixture cluster, string space) =>
        cluster.SpecAsync(KnownResources.Services, space, "cart", "\"selector\":{\"app\":\"cart\"},\"ports\":[{\"name\":\"http\",\"port\":80,\"protocol\":\"TCP\"}]", Global);

    private Task NamespaceAsync(string name) => _far.ApplyAsync(KnownResources.Namespaces, new ResourceKey("", name), $$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{name}}}"}}""");

    /// <summary>A kubeconfig with everything in it: of foreign ones no files are read.</summary>
    private string Secret()
    {
        string Content(string file) => Convert.ToBase64String(File.ReadAllBytes(_far.Files.Path(file)));
        string config = _far.Files.Config($"client-certificate-data: {Content("admin.crt")}, client-key-data: {Content("admin.key")}")
            .Replace("certificate-authority: ca.crt", $"certificate-authority-data: {Content("ca.crt")}", StringComparison.Ordinal);
        return $$$"""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"far","labels":{"istio/multiCluster":"true"}},"data":{"far":"{{{Convert.ToBase64String(Encoding.UTF8.GetBytes(config))}}}"}}""";
    }
}
