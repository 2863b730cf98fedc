using Ambient.ControlPlane.Routing.Keys;
using Ambient.ControlPlane.Settings;
using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Identity.Issuing;
using Ambient.Identity.Keys;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Views;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Protocol.Istio.Auth;
using Ambient.Testing.Waiting;
using Ambient.Xds.Client;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.ControlPlane.Tests;

/// <summary>The whole program: manifests in, ztunnel's own clients at the other end.</summary>
public sealed class ControlPlaneTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Manifests_ReachZtunnel_AndABrokenFileChangesNothing()
    {
        await using var plane = new RunningPlane();
        plane.Manifest("shop.yaml", Pod("cart-1", "10.0.0.1"));
        await plane.StartAsync();
        var state = new MeshState("n1");
        AdsClient client = plane.Client(state);
        using var stop = new CancellationTokenSource();
        Task running = client.RunAsync(stop.Token);
        await client.Ready.WaitAsync(Limit);
        Assert.NotNull(state.Current.FindWorkloadByUid("Kubernetes//Pod/shop/cart-1"));

        plane.Manifest("more.yaml", Pod("cart-2", "10.0.0.2"));
        await Eventually.TrueAsync(() => state.Current.FindWorkloadByUid("Kubernetes//Pod/shop/cart-2") is not null, Limit);
        plane.Manifest("more.yaml", "kind: Pod\n  metadata: [");
        await Eventually.TrueAsync(() => plane.Lines.Any(line => line.Contains("more.yaml", StringComparison.Ordinal)), Limit);
        Assert.NotNull(state.Current.FindWorkloadByUid("Kubernetes//Pod/shop/cart-2"));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Certificates_AreForTheNodesOwnPods()
    {
        await using var plane = new RunningPlane();
        plane.Manifest("all.yaml", Pod("zt-1", "10.0.0.9", "istio-system", "ztunnel") + "---\n" + Pod("cart-1", "10.0.0.1") + "---\n" + Pod("far", "10.0.0.3", account: "far", node: "n2"));
        await plane.StartAsync();
        using GrpcChannel channel = plane.Channel("zt-token");
        var cart = new SpiffeId("cluster.local", "shop", "cart");
        using WorkloadKey key = WorkloadKey.Create();
        Task<IstioCertificateResponse> Ask(GrpcChannel from, string identity) => from.CallAsync(
            "/istio.v1.auth.IstioCertificateService/CreateCertificate",
            new IstioCertificateRequest
            {
                Csr = CertificateRequestBuilder.BuildPem(cart, key),
                ValidityDuration = 3600,
                Metadata = new Struct { Fields = { ["ImpersonatedIdentity"] = Value.ForString(identity) } },
            },
            IstioCertificateResponse.Parser,
            Limit,
            CancellationToken.None);

        // The very first request counts, however early it comes.
        IstioCertificateResponse answer = await Ask(channel, cart.ToString());

        Assert.True(IssuedChain.TryAccept(cart, key, answer.CertChain, TimeProvider.System.GetUtcNow(), out _, out string? error), error);
        GrpcException far = await Assert.ThrowsAsync<GrpcException>(() => Ask(channel, "spiffe://cluster.local/ns/shop/sa/far"));
        Assert.Equal((GrpcCode.Unauthenticated, "request authenticate failure"), (far.Code, far.Detail));
        using GrpcChannel app = plane.Channel("other-token");
        await Assert.ThrowsAsync<GrpcException>(() => Ask(app, "spiffe://cluster.local/ns/istio-system/sa/ztunnel"));
        using GrpcChannel stranger = plane.Channel("no-token");
        Assert.Equal(GrpcCode.Unauthenticated, (await Assert.ThrowsAsync<GrpcException>(() => Ask(stranger, cart.ToString()))).Code);
        await Eventually.TrueAsync(() => plane.Lines.Any(line => line.Contains("no pod of shop/far", StringComparison.Ordinal)), Limit);
        string log = string.Concat(plane.Lines);
        Assert.DoesNotContain("zt-token", log, StringComparison.Ordinal);
        Assert.DoesNotContain("no-token", log, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", log, StringComparison.Ordinal);
        Assert.DoesNotContain(plane.PrivateKey, log, StringComparison.Ordinal);
    }

    /// <summary>What node proxies hold is what the status of a policy says, and what the page for operators says.</summary>
    [Fact]
    public async Task PolicyThatAZtunnelRefuses_IsNotAccepted()
    {
        await using var plane = new RunningPlane();
        plane.Manifest("policy.yaml", "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: {action: DENY}\n");
        await plane.StartAsync();
        using GrpcChannel channel = plane.Channel("zt-token");
        using var limit = new CancellationTokenSource(Limit);
        await using GrpcCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call = await channel.OpenAsync<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(
            "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources", DeltaDiscoveryResponse.Parser, limit.Token);
        await call.SendAsync(
            new DeltaDiscoveryRequest { TypeUrl = "type.googleapis.com/istio.security.Authorization", Node = NodeIdentity.Build(new NodeSettings { PodName = "zt-1", PodNamespace = "istio-system", NodeName = "n1" }) },
            limit.Token);
        DeltaDiscoveryResponse? response;
        do
        {
            response = await call.ReadAsync(limit.Token);
        }
        while (!response!.Resources.Any(static one => one.Name == "shop/p"));
        await call.SendAsync(new DeltaDiscoveryRequest { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce, ErrorDetail = new Protocol.Envoy.Discovery.Status { Message = "shop/p: bad port" } }, limit.Token);

        await Eventually.TrueAsync(() => plane.Lines.Any(static line => line.Contains("ZtunnelAccepted", StringComparison.Ordinal) && line.Contains("the one of node n1 says: bad port", StringComparison.Ordinal)), Limit);
    }

    /// <summary>As a signal may come while the API answers slowly.</summary>
    [Fact]
    public async Task ToldToEndWhileKeysAreRead_EndsAsAnyOther()
    {
        await using var plane = new RunningPlane();
        using var stop = new CancellationTokenSource();
        var keys = new EndingMemory(stop);
        Assert.Equal(0, await plane.RunAsync(keys, stop.Token).WaitAsync(Limit));
        Assert.True(keys.IsAsked);
    }

    [Fact]
    public void Settings_SayAllThatIsWrong()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AMBIENT_MANIFEST_DIR"] = "/m",
            ["AMBIENT_XDS_ADDRESS"] = "here",
            ["CA_TRUSTED_NODE_ACCOUNTS"] = "istio-system/ztunnel,ztunnel",
            ["AMBIENT_LOG"] = "a=b=c",
        };

        Assert.Null(ControlPlaneSettings.Parse(environment, out IReadOnlyList<string> errors));
        foreach (string name in new[] { "AMBIENT_TOKEN_FILE", "AMBIENT_XDS_ADDRESS", "CA_TRUSTED_NODE_ACCOUNTS: 'ztunnel'", "AMBIENT_LOG" })
        {
            Assert.Contains(errors, error => error.StartsWith(name, StringComparison.Ordinal) && error.Contains("allowed", StringComparison.Ordinal));
        }

        ControlPlaneSettings settings = ControlPlaneSettings.Parse(new Dictionary<string, string>(StringComparer.Ordinal) { ["REVISION"] = "canary", ["ISTIOD_CUSTOM_HOST"] = "a,b" }, out _)!;
        Assert.Equal(["istiod.istio-system.svc", "istiod-remote.istio-system.svc", "istio-pilot.istio-system.svc", "istiod-canary.istio-system.svc", "a", "b"], settings.ServerNames);
    }

    private static string Pod(string name, string ip, string ns = "shop", string account = "cart", string node = "n1") => $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{name}}
          namespace: {{ns}}
          uid: {{(name == "zt-1" ? "uid-zt" : "uid-" + name)}}
        spec:
          nodeName: {{node}}
          serviceAccountName: {{account}}
        status:
          phase: Running
          podIP: {{ip}}

        """;

    /// <summary>The end comes while it is asked.</summary>
    private sealed class EndingMemory(CancellationTokenSource stop) : IKeySetMemory
    {
        public bool IsAsked { get; private set; }

        public async Task<string?> LoadAsync(CancellationToken cancellation)
        {
            IsAsked = true;
            await stop.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            return null;
        }

        public Task SaveAsync(string text, CancellationToken cancellation) => Task.CompletedTask;
    }
}
