using System.Text;
using Ambient.Component.Tests.Kubernetes;
using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Resources.Coordination;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Mesh.Identities;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>ambientd as a process against a real API server: its root, its replicas, its callers.</summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class ControlPlaneOnKubernetesTests(ApiServerFixture rig)
{
    [RequiresApiServerFact]
    [Trait("behaviour", "CP-198")]
    [Trait("behaviour", "CP-199")]
    public async Task Roots_AreInEveryNamespace_AndComeBack()
    {
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync();
        string before = await rig.NamespaceAsync();
        await using PlaneProcess plane = await PlaneProcess.ReadyAsync(rig, system);
        string root = await plane.RootAsync(before);
        Assert.Equal(root, await plane.RootAsync("kube-system"));
        string after = await rig.NamespaceAsync();
        Assert.Equal(root, await plane.RootAsync(after));

        var map = new ResourceKey(after, "istio-ca-root-cert");
        await rig.Admin.PatchAsync(KnownResources.ConfigMaps, map, Patch.Merge("""{"data":{"root-cert.pem":"of somebody else"}}"""u8.ToArray()), CancellationToken.None);
        await Eventually.PassesAsync(async () => Assert.Equal(root, (await rig.Admin.GetAsync(KnownResources.ConfigMaps, map, CancellationToken.None)).Value?.Data["root-cert.pem"]), PlaneProcess.Deadline);
        await rig.Admin.DeleteAsync(KnownResources.ConfigMaps, map, CancellationToken.None);
        Assert.Equal(root, await plane.RootAsync(after));
        Assert.True((await rig.Admin.GetAsync(KnownResources.ConfigMaps, new ResourceKey("kube-public", "istio-ca-root-cert"), CancellationToken.None)).Error!.IsNotFound);

        // The Secret has the form of the reference, and the key is nowhere else.
        Secret secret = (await rig.Admin.GetAsync(KnownResources.Secrets, new ResourceKey(system, "istio-ca-secret"), CancellationToken.None)).Value!;
        Assert.Equal("istio.io/ca-root", secret.Type);
        Assert.Equal(root.Trim(), Encoding.ASCII.GetString(secret.Data["ca-cert.pem"]).Trim());
        string key = Encoding.ASCII.GetString(secret.Data["ca-key.pem"]);
        Assert.StartsWith("-----BEGIN PRIVATE KEY-----", key, StringComparison.Ordinal);
        Assert.DoesNotContain(key.Split('\n')[1], plane.Log, StringComparison.Ordinal);

        (int ready, _) = await plane.GetAsync("ready", "/ready");
        (int alive, _) = await plane.GetAsync("ready", "/healthz");
        (_, string metrics) = await plane.GetAsync("metrics", "/metrics");
        Assert.Equal((200, 200), (ready, alive));
        Assert.Contains("ambient_leader 1", metrics, StringComparison.Ordinal);
        Assert.Contains("citadel_server_cert_chain_expiry_timestamp ", metrics, StringComparison.Ordinal);
    }

    [RequiresApiServerFact]
    public async Task TwoReplicas_AgreeOnTheRoot_AndOneLeads_AndTheOtherFollows()
    {
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync();
        PlaneProcess first = PlaneProcess.Start(rig, system, ("POD_NAME", "one"));
        await using PlaneProcess second = PlaneProcess.Start(rig, system, ("POD_NAME", "two"));
        await Task.WhenAll(first.WaitReadyAsync(), second.WaitReadyAsync());
        await Eventually.TrueAsync(() => IsLeading(first) || IsLeading(second), PlaneProcess.Deadline);
        (PlaneProcess leader, PlaneProcess other) = IsLeading(first) ? (first, second) : (second, first);
        Assert.False(IsLeading(other));

        // Each serves with a certificate that the one root in the cluster vouches for.
        Pod pod = await rig.RunningPodAsync(system, "zt-1", "10.1.0.1", account: "ztunnel");
        string token = await rig.PodTokenAsync(pod);
        foreach (PlaneProcess plane in new[] { first, second })
        {
            using GrpcChannel channel = await plane.ChannelAsync(token);
            await Eventually.PassesAsync(() => PlaneProcess.CertificateAsync(channel, new SpiffeId("cluster.local", system, "ztunnel")), PlaneProcess.Deadline);
        }

        // The leader goes; the other one takes up its work.
        if (leader == first)
        {
            await first.DisposeAsync();
            await Eventually.TrueAsync(() => IsLeading(second), PlaneProcess.Deadline);
            string space = await rig.NamespaceAsync();
            await second.RootAsync(space);
        }
        else
        {
            await second.DisposeAsync();
            await Eventually.TrueAsync(() => IsLeading(first), PlaneProcess.Deadline);
            string space = await rig.NamespaceAsync();
            await first.RootAsync(space);
            await first.DisposeAsync();
        }

        Lease lease = (await rig.Admin.GetAsync(KnownResources.Leases, new ResourceKey(system, "ambientd-leader"), CancellationToken.None)).Value!;
        Assert.Equal(1, lease.Spec.LeaseTransitions);
    }

    [RequiresApiServerFact]
    public async Task Callers_AreWhoTheApiServerSays_AndGetWhatTheirNodeHas()
    {
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync(), shop = await rig.NamespaceAsync();
        Pod ztunnel = await rig.RunningPodAsync(system, "zt-1", "10.2.0.1", "n-1", "ztunnel");
        Pod far = await rig.RunningPodAsync(system, "zt-2", "10.2.0.2", "n-2", "ztunnel");
        Pod cart = await rig.RunningPodAsync(shop, "cart", "10.2.0.3", "n-1");
        await using PlaneProcess plane = await PlaneProcess.ReadyAsync(rig, system);
        var identity = new SpiffeId("cluster.local", shop, "cart");
        string good = await rig.PodTokenAsync(ztunnel);
        using GrpcChannel channel = await plane.ChannelAsync(good);
        await PlaneProcess.CertificateAsync(channel, identity);

        async Task RefusedAsync(string token, string why)
        {
            using GrpcChannel stranger = await plane.ChannelAsync(token);
            GrpcException refusal = await Assert.ThrowsAsync<GrpcException>(() => PlaneProcess.CertificateAsync(stranger, identity));
            Assert.Equal((GrpcCode.Unauthenticated, "request authenticate failure"), (refusal.Code, refusal.Detail));
            await plane.SaysAsync(why);
            Assert.DoesNotContain(token, plane.Log, StringComparison.Ordinal);
        }

        await RefusedAsync(await rig.PodTokenAsync(ztunnel, life: TimeSpan.FromHours(-1)), "does not accept the token: ");
        await RefusedAsync(await rig.PodTokenAsync(ztunnel, audience: "somebody"), "does not accept the token: ");
        await RefusedAsync(await rig.PodTokenAsync(far), $"no pod of {shop}/cart runs on the caller's node n-2");
        await RefusedAsync(await rig.PodTokenAsync(cart), $"{shop}/cart is not among the trusted node accounts");
        await RefusedAsync("nonsense", "does not accept the token: invalid bearer token");

        // A pod that is gone speaks for nobody: the API server knows, and so do we.
        await rig.RemovePodAsync(system, "zt-2");
        await RefusedAsync(await rig.PodTokenAsync(far), "");
    }

    [RequiresApiServerFact]
    public async Task Start_WaitsForTheApiServer_AndSaysWhatIsMissing()
    {
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync();
        await rig.StopAsync();
        await using PlaneProcess plane = PlaneProcess.Start(rig, system);
        try
        {
            await plane.SaysAsync("the root cannot be opened yet");
            (int status, string body) = await plane.GetAsync("ready", "/ready");
            Assert.Equal((503, "the authority is not open yet\n"), (status, body));
            Assert.Equal(200, (await plane.GetAsync("ready", "/healthz")).Status);
        }
        finally
        {
            await rig.StartAsync();
        }

        await plane.WaitReadyAsync();
    }

    [RequiresApiServerFact]
    public async Task ApiServerThatGoesAndComes_TakesNothingBack_AndIsFollowedAgain()
    {
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync(), shop = await rig.NamespaceAsync();
        Pod ztunnel = await rig.RunningPodAsync(system, "zt-1", "10.3.0.1", "n-9", "ztunnel");
        await rig.RunningPodAsync(shop, "cart", "10.3.0.2", "n-9");
        string token = await rig.PodTokenAsync(ztunnel), unknown = await rig.PodTokenAsync(ztunnel, life: TimeSpan.FromHours(3));
        var identity = new SpiffeId("cluster.local", shop, "cart");
        await using PlaneProcess plane = await PlaneProcess.ReadyAsync(rig, system);
        string root = await plane.RootAsync(system);
        using GrpcChannel channel = plane.Channel(root, token);
        await PlaneProcess.CertificateAsync(channel, identity);
        await rig.StopAsync();
        try
        {
            await plane.SaysAsync("the API server cannot be followed");
            Assert.Equal(200, (await plane.GetAsync("ready", "/ready")).Status);
            (_, string metrics) = await plane.GetAsync("metrics", "/metrics");
            Assert.Contains("ambient_watch_troubled{kind=\"pods\"} 1", metrics, StringComparison.Ordinal);

            // Longer than a good token is not asked about, and on a new connection; of a token that was not known nobody can say anything.
            await Task.Delay(TimeSpan.FromSeconds(11), TimeProvider.System);
            using GrpcChannel again = plane.Channel(root, token);
            await PlaneProcess.CertificateAsync(again, identity);
            using GrpcChannel stranger = plane.Channel(root, unknown);
            Assert.Equal(GrpcCode.Unavailable, (await Assert.ThrowsAsync<GrpcException>(() => PlaneProcess.CertificateAsync(stranger, identity))).Code);
        }
        finally
        {
            await rig.StartAsync();
        }

        // Whoever leads now brings about what was missed, and the same callers get what they got.
        string after = await rig.NamespaceAsync();
        await plane.RootAsync(after);
        await Eventually.PassesAsync(() => PlaneProcess.CertificateAsync(channel, identity), PlaneProcess.Deadline);
    }

    [RequiresApiServerFact]
    public async Task ObjectOfAMegabyte_IsTaken()
    {
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync(), shop = await rig.NamespaceAsync();
        await using PlaneProcess plane = await PlaneProcess.ReadyAsync(rig, system);
        string namespaces = string.Join(',', Enumerable.Range(0, 60_000).Select(static i => $"\"namespace-{i}\""));
        await rig.SpecAsync(KnownResources.AuthorizationPolicies, shop, "huge", $"\"action\":\"DENY\",\"rules\":[{{\"from\":[{{\"source\":{{\"namespaces\":[{namespaces}]}}}}]}}]");
        await Eventually.PassesAsync(
            async () => Assert.Equal("Accepted", (await rig.Admin.GetAsync(KnownResources.AuthorizationPolicies, new ResourceKey(shop, "huge"), CancellationToken.None)).Value!.Status.Conditions.SingleOrDefault()?.Reason),
            PlaneProcess.Deadline);
    }

    /// <summary>Of the two Leases that there are, the one of its revision: each may have another holder.</summary>
    private static bool IsLeading(PlaneProcess plane) => plane.Log.Split('\n').LastOrDefault(static line => line.Contains("leading", StringComparison.Ordinal) && line.Contains("ambientd-leader", StringComparison.Ordinal)) is { } last
        && !last.Contains("not leading any more", StringComparison.Ordinal);
}
