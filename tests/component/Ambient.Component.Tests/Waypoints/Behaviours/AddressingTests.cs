using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Component.Tests.Interop;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints.Behaviours;

/// <summary>Who comes to the waypoint and who does not, and to whom it leads (waypoint reference 6.1).</summary>
[Collection(SharedMesh.Collection)]
public sealed class AddressingTests(SharedMesh shared)
{
    private const string Passed = "x-request-id: ";
    private const string Ok = "HTTP/1.1 200 ";

    [RequiresToolFact("nft,node", root: true)]
    [Trait("behaviour", "WP-1")]
    public async Task TunnelByHand_LeadsToTheService()
    {
        await shared.ApplyAsync("by-hand", SharedMesh.Service("by-hand", "10.96.1.1", "app: server", "{name: http, port: 9010, targetPort: 9011, protocol: TCP}"));
        using HttpBackend backend = HttpBackend.Start(shared.Pair.Server, 9011, "by-hand");
        await shared.UntilAsync("10.96.1.1", 9010, Ok);
        ForeignIdentity identity = ForeignIdentity.Issue(shared.Authority, Path.Combine(shared.Pair.Network.Directory, "by-hand"), "stranger");

        string got = await TunnelAsync(identity, "10.96.1.1:9010");
        Assert.StartsWith("tunnel 200 URI:spiffe://cluster.local/ns/bench/sa/waypoint\nanswer 200\nby-hand\nGET /by-hand HTTP/1.1\r\n", got, StringComparison.Ordinal);
        Assert.Contains(Passed, got, StringComparison.Ordinal);

        // The same from somebody whom the mesh's authority does not know.
        ForeignIdentity foreign = ForeignIdentity.Issue(OtherAuthority(), Path.Combine(shared.Pair.Network.Directory, "by-foreign-hand"), "stranger");
        File.Copy(identity.Authority, foreign.Authority, overwrite: true);
        Assert.DoesNotContain("tunnel", await TunnelAsync(foreign, "10.96.1.1:9010"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-14")]
    public async Task PodThatCallsItself_IsLeftAlone()
    {
        VirtualPod own = shared.Pair.Client.Node.AddPod("own");
        await shared.ApplyAsync("own", SharedMesh.Pod(own, "app: own, istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint"));
        await shared.Pair.EnrolAsync(own);
        using HttpBackend backend = HttpBackend.Start(own, 9012, "own");

        // Everybody else comes to it through the waypoint.
        await shared.UntilAsync(own.Address.ToString(), 9012, Passed);
        string itself = SharedMesh.Ask(own, own.Address, 9012);
        Assert.StartsWith(Ok, itself, StringComparison.Ordinal);
        Assert.DoesNotContain(Passed, itself, StringComparison.Ordinal);

        // What its ztunnel sees of it is somebody else's call, made after its own.
        using HttpBackend other = HttpBackend.Start(shared.Pair.Server, 9015, "other");
        Assert.StartsWith(Ok, SharedMesh.Ask(own, shared.Pair.Server.Address, 9015), StringComparison.Ordinal);
        await shared.Pair.ClientProxy.LineAsync("src.workload=\"own\"");
        Assert.DoesNotContain(shared.Pair.ClientProxy.Log.Split('\n'), line => line.Contains("src.workload=\"own\"", StringComparison.Ordinal) && line.Contains("dst.workload=\"own\"", StringComparison.Ordinal));
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-15")]
    public async Task ServerOnLoopbackAlone_IsNotReached()
    {
        await shared.ApplyAsync(
            "loopback",
            SharedMesh.Service("loopback", "10.96.1.2", "app: server", "{name: http, port: 9013, targetPort: 9014, protocol: TCP}"),
            SharedMesh.Service("loopback-direct", "10.96.1.3", "app: server", "{name: http, port: 9013, targetPort: 9014, protocol: TCP}", "istio.io/use-waypoint: none"));
        using (HttpBackend.Start(shared.Pair.Server, 9014, "open"))
        {
            await shared.UntilAsync("10.96.1.3", 9013, Ok);
        }

        using (HttpBackend.Start(shared.Pair.Server, new IPEndPoint(IPAddress.Loopback, 9014), "hidden"))
        {
            Assert.Contains("hidden", SharedMesh.Ask(shared.Pair.Server, IPAddress.Loopback, 9014), StringComparison.Ordinal);
            await shared.UntilAsync("10.96.1.2", 9013, "HTTP/1.1 503 ");
            Assert.Equal("", shared.Ask("10.96.1.3", 9013));
            Assert.Equal("", shared.Ask(shared.Pair.Server.Address.ToString(), 9014));
        }

        using HttpBackend again = HttpBackend.Start(shared.Pair.Server, 9014, "again");
        Assert.Contains("x-backend: again", shared.Ask("10.96.1.2", 9013), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,node", root: true)]
    [Trait("behaviour", "WP-16")]
    public async Task RequestsOfOneConnection_AreSpread_OnlyByTheWaypoint()
    {
        const string Port = "{name: http2, port: 9020, targetPort: 9021, protocol: TCP}";
        await shared.ApplyAsync(
            "spread",
            SharedMesh.Service("spread", "10.96.1.4", "pair: both", Port),
            SharedMesh.Service("direct", "10.96.1.5", "pair: both", Port, "istio.io/use-waypoint: none"));
        await shared.ServeHttp2Async(shared.Pair.Server, 9021, "one");
        await shared.ServeHttp2Async(shared.Second, 9021, "two");

        foreach ((string address, int backends) in new[] { ("10.96.1.4", 2), ("10.96.1.5", 1) })
        {
            List<string> seen = [];
            int connections = 0;
            using SocketsHttpHandler handler = new()
            {
                ConnectCallback = async (_, _) =>
                {
                    connections++;
                    return new NetworkStream(await MeshPair.ConnectAsync(shared.Pair.Client, new IPEndPoint(IPAddress.Parse(address), 9020)), ownsSocket: true);
                },
            };
            using HttpClient client = new(handler) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
            await Eventually.PassesAsync(() => AskAsync(client, address));

            // What failed before has cost connections; from here on there is the one that works.
            connections = 1;
            for (int i = 0; i < 20; i++)
            {
                seen.Add(await AskAsync(client, address));
            }

            Assert.Equal(1, connections);
            Assert.Equal(backends, seen.Distinct().Count());
        }

        static async Task<string> AskAsync(HttpClient client, string address)
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://{address}:9020/"));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return answer.Headers.GetValues("x-backend").Single();
        }
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-17")]
    public async Task Label_TakesTrafficThroughTheWaypoint_AndBack_WhileItRuns()
    {
        static string Labelled(string name) => SharedMesh.Service("toggled", "10.96.1.6", "app: server", "{name: http, port: 9022, targetPort: 9023, protocol: TCP}", $"istio.io/use-waypoint: {name}");
        await shared.ApplyAsync("toggled", Labelled("none"));
        using HttpBackend backend = HttpBackend.Start(shared.Pair.Server, 9023, "toggled");
        await shared.UntilAsync("10.96.1.6", 9022, Ok);
        await using RequestLoad load = RequestLoad.Start(shared.Pair.Client, new IPEndPoint(IPAddress.Parse("10.96.1.6"), 9022), 2);
        await load.MoreAsync(20);
        Assert.DoesNotContain(Passed, shared.Ask("10.96.1.6", 9022), StringComparison.Ordinal);
        for (int i = 0; i < 2; i++)
        {
            await shared.ApplyAsync("toggled", Labelled("waypoint"));
            Assert.StartsWith(Ok, await shared.UntilAsync("10.96.1.6", 9022, Passed), StringComparison.Ordinal);
            await load.MoreAsync(20);
            await shared.ApplyAsync("toggled", Labelled("none"));
            await Eventually.TrueAsync(() =>
            {
                string answer = shared.Ask("10.96.1.6", 9022);
                Assert.StartsWith(Ok, answer, StringComparison.Ordinal);
                return !answer.Contains(Passed, StringComparison.Ordinal);
            });
            await load.MoreAsync(20);
        }

        Assert.Empty(load.Failures);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-18")]
    [Trait("behaviour", "WP-19")]
    public async Task WaypointThatDoesNotExist_OrIsOfAnotherRevision_IsNotUsed()
    {
        const string Port = "{name: http, port: 9024, targetPort: 9025, protocol: TCP}";
        string Gateway(string addresses) => $$"""
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: canary, namespace: bench, labels: {istio.io/rev: canary}, annotations: {gateway.istio.io/service-account: waypoint} }
            spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
            status: {addresses: [{{addresses}}]}
            """;
        using HttpBackend backend = HttpBackend.Start(shared.Pair.Server, 9025, "plain");
        await shared.ApplyAsync(
            "unused",
            Gateway(""),
            SharedMesh.Service("nobody", "10.96.1.7", "app: server", Port, "istio.io/use-waypoint: nobody"),
            SharedMesh.Service("canary", "10.96.1.8", "app: server", Port, "istio.io/use-waypoint: canary"));
        foreach (string address in new[] { "10.96.1.7", "10.96.1.8" })
        {
            Assert.DoesNotContain(Passed, await shared.UntilAsync(address, 9024, Ok), StringComparison.Ordinal);
        }

        // Nobody of our revision gives it an address. Once its own control plane has done so, its traffic goes there; whoever is there here has no configuration for it.
        await shared.ApplyAsync("unused", Gateway($"{{type: IPAddress, value: {shared.Pair.Stranger.Address}}}"), SharedMesh.Service("canary", "10.96.1.8", "app: server", Port, "istio.io/use-waypoint: canary"));
        await Eventually.TrueAsync(() => shared.Ask("10.96.1.8", 9024).Length == 0);
    }

    [RequiresToolFact("nft,node", root: true)]
    [Trait("behaviour", "WP-20")]
    public async Task EndpointThatTakesTunnelsItself_GetsThem()
    {
        VirtualPod aside = shared.Pair.Client.Node.AddPod("aside");
        ForeignIdentity identity = ForeignIdentity.Issue(shared.Authority, Path.Combine(shared.Pair.Network.Directory, "aside"), "aside");
        Peer sidecar = await shared.Pair.Network.Start(aside, "sidecar", "node", Path.Combine(AppContext.BaseDirectory, "Interop", "connect.js"), "server", aside.Address.ToString(), "15008", identity.Directory).ReadyOnLineAsync("LISTENING");
        using HttpBackend backend = HttpBackend.Start(aside, 9027, "aside");
        await shared.ApplyAsync(
            "aside",
            SharedMesh.Pod(aside, "app: aside, networking.istio.io/tunnel: http, security.istio.io/tlsMode: istio", isCaptured: false),
            SharedMesh.Service("aside", "10.96.1.9", "app: aside", "{name: http, port: 9026, targetPort: 9027, protocol: TCP}"),
            """
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: aside, namespace: bench}
            spec: {selector: {matchLabels: {app: aside}}, mtls: {mode: STRICT}}
            """);
        Assert.Contains(Passed, await shared.UntilAsync("10.96.1.9", 9026, Ok), StringComparison.Ordinal);
        Assert.Contains($"CONNECT {aside.Address}:9027 from URI:spiffe://cluster.local/ns/bench/sa/waypoint network undefined forwarded undefined", await sidecar.LineAsync("CONNECT"), StringComparison.Ordinal);
    }

    private async Task<string> TunnelAsync(ForeignIdentity identity, string authority) => (await shared.Pair.Network.TryRunAsync(
        shared.Outside, "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "byhand.js"), $"{shared.Pair.Stranger.Address}:15008", authority, identity.Directory)).Output;

    private string OtherAuthority()
    {
        string directory = Directory.CreateDirectory(Path.Combine(shared.Pair.Network.Directory, "other-authority")).FullName;
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("O=other", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 root = request.CreateSelfSigned(now.AddMinutes(-1), now.AddHours(1));
        File.WriteAllText(Path.Combine(directory, "root.pem"), root.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        return directory;
    }
}
