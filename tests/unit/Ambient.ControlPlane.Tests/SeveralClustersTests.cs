using System.Text;
using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Identity.Issuing;
using Ambient.Identity.Keys;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Views;
using Ambient.Protocol.Istio.Auth;
using Ambient.Testing.Waiting;
using Ambient.Xds.Client;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.ControlPlane.Tests;

/// <summary>The whole program with a second cluster, which a Secret names and whose API server is scripted.</summary>
public sealed class SeveralClustersTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    [Trait("behaviour", "CP-192")]
    [Trait("behaviour", "CP-195")]
    [Trait("behaviour", "CP-279")]
    public async Task ClusterOfASecret_JoinsWithItsPodsAndTokens_AndGoesWithTheSecret()
    {
        await using var server = new ScriptedApiServer(Far);
        await using var plane = new RunningPlane(spansClusters: true);
        plane.Manifest("all.yaml", Pod("zt-1", "istio-system", "ztunnel") + "---\n" + Pod("cart-1", "shop", "cart"));
        plane.Manifest("far.yaml", Secret(KubeConfig(server.Connection.Server)));
        await plane.StartAsync();
        var state = new MeshState("n1");
        AdsClient client = plane.Client(state);
        using var stop = new CancellationTokenSource();
        Task running = client.RunAsync(stop.Token);
        await client.Ready.WaitAsync(Limit);
        Assert.NotNull(state.Current.FindWorkloadByUid("Kubernetes//Pod/shop/cart-1"));
        Assert.NotNull(state.Current.FindWorkloadByUid("far//Pod/shop/till-1"));

        // Its ztunnel gets what its own node needs, and is judged by its own API server; nobody else gets that.
        using GrpcChannel far = plane.Channel("far-token", "far");
        Assert.NotEmpty((await AskAsync(far, "till")).CertChain);
        Assert.Contains(server.Calls, static call => call.Method == "POST" && call.Body.Contains("far-token", StringComparison.Ordinal));
        await RefusedAsync(far, "elsewhere");
        await RefusedAsync(far, "cart");
        using GrpcChannel own = plane.Channel("zt-token");
        Assert.NotEmpty((await AskAsync(own, "cart")).CertChain);
        await RefusedAsync(own, "till");
        using GrpcChannel stranger = plane.Channel("far-token", "mars");
        await RefusedAsync(stranger, "till");
        await Eventually.TrueAsync(() => plane.Lines.Any(static line => line.Contains("the cluster mars is not known; known are Kubernetes, far", StringComparison.Ordinal)), Limit);

        // What cannot be used is named, and changes nothing.
        plane.Manifest("far.yaml", Secret(KubeConfig(server.Connection.Server).Replace("token: t", "exec: {command: id}", StringComparison.Ordinal)));
        await Eventually.TrueAsync(() => plane.Lines.Any(static line => line.Contains("istio-system/remote", StringComparison.Ordinal) && line.Contains("far", StringComparison.Ordinal) && line.Contains("users[u].exec: programs are not started", StringComparison.Ordinal)), Limit);
        Assert.NotNull(state.Current.FindWorkloadByUid("far//Pod/shop/till-1"));

        plane.NoManifest("far.yaml");
        await Eventually.TrueAsync(() => state.Current.FindWorkloadByUid("far//Pod/shop/till-1") is null, Limit);
        await RefusedAsync(far, "till");
        Assert.NotNull(state.Current.FindWorkloadByUid("Kubernetes//Pod/shop/cart-1"));
        Assert.DoesNotContain(plane.Lines, static line => line.Contains("far-token", StringComparison.Ordinal));
        await stop.CancelAsync();
        await running;
    }

    private static async Task<IstioCertificateResponse> AskAsync(GrpcChannel channel, string account)
    {
        var identity = new SpiffeId("cluster.local", "shop", account);
        using WorkloadKey key = WorkloadKey.Create();
        return await channel.CallAsync(
            "/istio.v1.auth.IstioCertificateService/CreateCertificate",
            new IstioCertificateRequest
            {
                Csr = CertificateRequestBuilder.BuildPem(identity, key),
                ValidityDuration = 3600,
                Metadata = new Struct { Fields = { ["ImpersonatedIdentity"] = Value.ForString(identity.ToString()) } },
            },
            IstioCertificateResponse.Parser,
            Limit,
            CancellationToken.None);
    }

    private static async Task RefusedAsync(GrpcChannel channel, string account) =>
        Assert.Equal(GrpcCode.Unauthenticated, (await Assert.ThrowsAsync<GrpcException>(() => AskAsync(channel, account))).Code);

    private static ApiReply Far(ApiCall call) => call.Path switch
    {
        "/api/v1/pods" => call.IsWatch ? ApiReply.Watch("", WatchFinish.Open)
            : ApiReply.List("1", [FarPod("istio-system", "zt-far", "ztunnel", "far-1"), FarPod("shop", "till-1", "till", "far-1"), FarPod("shop", "elsewhere-1", "elsewhere", "far-2")]),
        "/apis/authentication.k8s.io/v1" => ApiReply.Ok("""{"resources":[{"name":"tokenreviews"}]}"""),
        "/apis/authentication.k8s.io/v1/tokenreviews" => ApiReply.Of(201, Review(call.Body.Contains("far-token", StringComparison.Ordinal))),
        "/apis/discovery.k8s.io/v1" => ApiReply.Ok("""{"resources":[{"name":"endpointslices"}]}"""),
        "/api/v1/namespaces" or "/api/v1/nodes" or "/api/v1/services" or "/apis/discovery.k8s.io/v1/endpointslices" => call.IsWatch ? ApiReply.Watch("", WatchFinish.Open) : ApiReply.List("1", []),
        _ => ApiReply.Failure(404, "NotFound"),
    };

    private static string Review(bool isGood) => $$$$"""
        {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","metadata":{},"spec":{"token":""},"status":{"authenticated":{{{{(isGood ? "true" : "false")}}}},"audiences":["istio-ca"],
         "user":{"username":"system:serviceaccount:istio-system:ztunnel","groups":["system:serviceaccounts"],"extra":{"authentication.kubernetes.io/pod-name":["zt-far"],"authentication.kubernetes.io/pod-uid":["u-zt-far"]} } } }
        """;

    private static string FarPod(string ns, string name, string account, string node) => $$$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","namespace":"{{{ns}}}","uid":"u-{{{name}}}","resourceVersion":"1"},"spec":{"nodeName":"{{{node}}}","serviceAccountName":"{{{account}}}"},"status":{"phase":"Running","podIP":"10.9.0.1"}}
        """;

    private static string KubeConfig(Uri server) => $$$"""
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: k, user: u}}]
        clusters: [{name: k, cluster: {server: "{{{server}}}"}}]
        users: [{name: u, user: {token: t}}]
        """;

    private static string Secret(string kubeconfig) => $$$"""
        apiVersion: v1
        kind: Secret
        metadata: {name: remote, namespace: istio-system, labels: {istio/multiCluster: "true"}}
        data: {far: {{{Convert.ToBase64String(Encoding.UTF8.GetBytes(kubeconfig))}}} }
        """;

    private static string Pod(string name, string ns, string account) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, namespace: {{{ns}}}, uid: uid-{{{name.Split('-')[0]}}} }
        spec: {nodeName: n1, serviceAccountName: {{{account}}} }
        status: {phase: Running, podIP: 10.0.0.1}

        """;
}
