using Ambient.Identity.Client;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Ambient.Grpc.Client;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Testing.Facts;
using Ambient.Xds.Client;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>Our xDS and CA clients against an independent gRPC implementation.</summary>
public sealed class GrpcJsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [RequiresToolFact("node, npm, openssl")]
    [Trait("behaviour", "ZT-164")]
    [Trait("behaviour", "ZT-166")]
    [Trait("behaviour", "ZT-167")]
    public async Task Xds_DeliversReconnectsAndRemoves()
    {
        await using GrpcJsControlPlane plane = await GrpcJsControlPlane.StartAsync();
        var state = new MeshState("n1");
        var options = new AdsClientOptions
        {
            MakeChannel = () => new GrpcChannel(plane.Options("good"), TimeProvider.System),
            Node = NodeIdentity.Build(new NodeSettings { PodName = "zt", PodNamespace = "sys" }),
        };
        var client = new AdsClient(options, state, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        Task running = client.RunAsync(stop.Token);

        foreach (string type in new[] { "Address", "Authorization" })
        {
            JsonElement first = await plane.NextJsonAsync("request");
            Assert.EndsWith(type, first.GetProperty("type").GetString(), StringComparison.Ordinal);
            Assert.Equal("ztunnel~1.1.1.1~zt.sys~sys.svc.cluster.local", first.GetProperty("node").GetString());
            Assert.Equal("Bearer good c1", $"{first.GetProperty("token").GetString()} {first.GetProperty("cluster").GetString()}");
            Assert.Equal("{}", first.GetProperty("versions").GetRawText());
        }

        await client.Ready.WaitAsync(Limit);
        Service service = state.Current.FindService(new NetworkAddress("", IpAddress.Parse("10.97.3.4")), null)!;
        Assert.Equal(2, state.Current.EndpointWorkloads(service).Count());
        Assert.Equal(7u, state.Current.FindWorkloadByUid("w2")!.Capacity);
        string[] acks = [.. (await Task.WhenAll(plane.NextJsonAsync("request"), plane.NextJsonAsync("request"))).Select(ack => $"{ack.GetProperty("nonce").GetString()} {ack.GetProperty("error").GetRawText()}")];
        Assert.Equal(["n-a null", "n-p null"], acks.Order());

        JsonElement again = await plane.NextJsonAsync("request");
        Assert.Equal(2, again.GetProperty("stream").GetInt32());
        Assert.Equal("v-w1", again.GetProperty("versions").GetProperty("w1").GetString());
        Assert.Equal(3, again.GetProperty("versions").EnumerateObject().Count());
        await plane.NextJsonAsync("request");
        await plane.NextJsonAsync("request");
        await plane.NextJsonAsync("request");
        Assert.Null(state.Current.FindWorkloadByUid("w1"));
        Assert.NotNull(state.Current.FindWorkloadByUid("w2"));
        await stop.CancelAsync();
        await running.WaitAsync(Limit);
    }

    [RequiresToolFact("node, npm, openssl")]
    [Trait("behaviour", "ZT-174")]
    public async Task Authority_CertifiesOurRequest()
    {
        await using GrpcJsControlPlane plane = await GrpcJsControlPlane.StartAsync();
        var identity = new SpiffeId("cluster.local", "shop", "cart");
        using var client = new IstioCertificateClient(new IstioCertificateOptions { Channel = plane.Options("good"), Impersonates = true }, TimeProvider.System);

        WorkloadCertificate certificate = await client.IssueAsync(identity, CancellationToken.None);

        JsonElement seen = await plane.NextJsonAsync("certify");
        Assert.Equal("subject=", seen.GetProperty("subject").GetString()!.Trim());
        Assert.Equal(86400, seen.GetProperty("validity").GetInt32());
        Assert.Contains(identity.ToString(), seen.GetProperty("metadata").GetRawText(), StringComparison.Ordinal);
        using X509Certificate2 root = X509Certificate2.CreateFromPem(System.Text.Encoding.ASCII.GetString(plane.CaPem));
        Assert.Equal([root.RawData], certificate.Trust.RootsDer.Select(der => der.ToArray()));
    }

    [RequiresToolFact("node, npm, openssl")]
    public async Task Refusal_ArrivesWithItsText()
    {
        await using GrpcJsControlPlane plane = await GrpcJsControlPlane.StartAsync();
        using var client = new IstioCertificateClient(new IstioCertificateOptions { Channel = plane.Options("bad") }, TimeProvider.System);

        IssueException error = await Assert.ThrowsAsync<IssueException>(() => client.IssueAsync(new SpiffeId("td", "a", "b"), CancellationToken.None));

        Assert.Contains("Unauthenticated: token not accepted ✗", error.Message, StringComparison.Ordinal);
    }
}
