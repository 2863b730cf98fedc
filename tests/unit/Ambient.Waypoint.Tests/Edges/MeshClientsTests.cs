using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Edges;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Edges;

/// <summary>Listeners whose clients are of the mesh (ISTIO_MUTUAL), and clients that a proxy in front speaks for.</summary>
public sealed class MeshClientsTests : IDisposable
{
    private static readonly SpiffeId Client = new("cluster.local", "apps", "client");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("mesh-clients");
    private readonly LocalAuthority _authority;

    public MeshClientsTests() => _authority = LocalAuthority.Open(new LocalAuthorityOptions { Directory = _directory.FullName, Lifetime = TimeSpan.FromHours(1) }, TimeProvider.System);

    [Fact]
    [Trait("behaviour", "WP-256")]
    public void AClientOfTheMesh_IsKnownByItsIdentity_AndTheGatewayShowsItsOwn()
    {
        using LocalEdge edge = new(maxClients: 2);
        edge.Certify(_authority.Issue(edge.Loop.Identity));
        EdgePortTable port = Port();
        (InboundTunnel? tunnel, string gateway) = Connect(edge, port, _authority.Issue(Client));
        Assert.Equal((Client, edge.Loop.Identity.ToString()), (tunnel!.Facts.Client, gateway));
        Assert.Equal([Client.ToString()], tunnel.Edge!.Client!.Uris);

        // A new certificate is shown from then on.
        edge.Certify(_authority.Issue(new SpiffeId("cluster.local", "bench", "renewed")));
        Assert.Equal("spiffe://cluster.local/ns/bench/sa/renewed", Connect(edge, port, _authority.Issue(Client)).Gateway);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("stranger")]
    [InlineData("domain")]
    [InlineData("name")]
    public void OthersAreSentAway(string who)
    {
        using LocalAuthority strangers = LocalAuthority.Open(new LocalAuthorityOptions { Directory = _directory.CreateSubdirectory("strangers").FullName, Lifetime = TimeSpan.FromHours(1) }, TimeProvider.System);
        using LocalEdge edge = new(maxClients: 2);
        edge.Certify(_authority.Issue(edge.Loop.Identity));
        WorkloadCertificate? shown = who switch
        {
            "nobody" => null,
            "stranger" => strangers.Issue(Client),
            "domain" => _authority.Issue(new SpiffeId("other.org", "apps", "client")),
            _ => _authority.Issue(Client),
        };
        EdgePortTable port = Port(tls =>
        {
            if (who == "name")
            {
                tls.SubjectAltNames.Add("spiffe://cluster.local/ns/apps/sa/other");
            }
        });
        Assert.Null(Connect(edge, port, shown).Tunnel);
        Assert.Equal(1, edge.Loop.Edges.Refused + edge.Loop.Edges.HandshakeFailures);
    }

    [Fact]
    public void WithoutACertificateOfTheMesh_NobodyIsServed()
    {
        using LocalEdge edge = new(maxClients: 2);
        Assert.Null(Connect(edge, Port(), _authority.Issue(Client)).Tunnel);
        Assert.Equal(1, edge.Loop.Edges.Refused);
    }

    [Fact]
    public void ClientsThatAreTolerated_AreNoneOfTheMesh()
    {
        EdgePort port = Settings(static tls => tls.ToleratesBadClients = true);
        Assert.NotNull(EdgeCompiler.Compile(port, new Dictionary<string, EdgeCredential>(), null).All[0].Broken);
        port = Settings(static tls => tls.Check = ClientCheck.CheckIfGiven);
        Assert.NotNull(EdgeCompiler.Compile(port, new Dictionary<string, EdgeCredential>(), null).All[0].Broken);
    }

    [Fact]
    public void ToDemandClientsOfTheMesh_IsAnotherDemand()
    {
        EdgePortTable before = LocalEdge.Port(("*", true)), after = Port();
        EdgeSide side = new(before.Port, before.Listeners.Find(""));
        Assert.True(side.IsOutdated(LocalEdge.ConfigurationOf(after)));
        Assert.False(new EdgeSide(after.Port, after.Listeners.Find("")).IsOutdated(LocalEdge.ConfigurationOf(Port())));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void WhoAProxySpeaksFor_IsTheClient_AndTheProxyThePeer(uint version)
    {
        using LocalEdge edge = new(maxClients: 2);
        EdgePortTable port = new() { Port = 80, Protocol = EdgeProtocol.EdgeHttp, Listeners = new HostTable<EdgeListenerTable>([]), All = [] };
        edge.Configure(port, new WaypointSettings { AcceptsProxyProtocol = true });
        Socket client = edge.Connect(port);
        client.Send(new ProxyPreface(version, IpPort.Parse("203.0.113.7:4444"), IpPort.Parse("10.0.0.1:80")).Bytes());
        edge.RunUntil(() => edge.Loop.Plain.Count == 1);
        InboundTunnel tunnel = edge.Loop.Plain.Single();

        // ipBlocks are about the peer, remoteIpBlocks about the client (waypoint reference 2.6.2).
        Assert.Equal(("127.0.0.1", "203.0.113.7"), (tunnel.Facts.SourceAddress.ToString(), tunnel.Facts.RemoteAddress.ToString()));
        Assert.Equal((client.LocalEndPoint!.ToString(), "203.0.113.7:4444", "10.0.0.1"), (tunnel.Peer.ToString(), tunnel.Source.ToString(), tunnel.Facts.DestinationAddress.ToString()));
    }

    public void Dispose()
    {
        _authority.Dispose();
        _directory.Delete(recursive: true);
    }

    private static EdgePort Settings(Action<EdgeTls>? edit = null)
    {
        EdgeTls tls = new() { Mesh = true, Check = ClientCheck.CheckRequired };
        edit?.Invoke(tls);
        return new EdgePort { Port = 443, Protocol = EdgeProtocol.EdgeTls, Namespace = "bench", Listeners = { new EdgeListener { Name = "*", Hostnames = { "*" }, Tls = tls, Hosts = { new EdgeHost { Hostname = "*", Routes = "routes" } } } } };
    }

    private static EdgePortTable Port(Action<EdgeTls>? edit = null)
    {
        EdgePortTable table = EdgeCompiler.Compile(Settings(edit), new Dictionary<string, EdgeCredential>(), null);
        Assert.Null(table.All[0].Broken);
        return table;
    }

    // The newest connection that is served, null when it was sent away, and who the gateway says it is.
    private static (InboundTunnel? Tunnel, string Gateway) Connect(LocalEdge edge, EdgePortTable port, WorkloadCertificate? shown)
    {
        edge.Configure(port);
        HashSet<InboundTunnel> before = [.. edge.Loop.Plain];
        long gone = edge.Loop.Edges.Refused + edge.Loop.Edges.HandshakeFailures;
        string gateway = "";
        SslStream stream = new(new NetworkStream(edge.Connect(port), ownsSocket: true), leaveInnerStreamOpen: false);
        using X509Certificate2? own = shown is null ? null : Import(shown);
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = "a.example.com",
            RemoteCertificateValidationCallback = (_, given, _, _) =>
            {
                gateway = Uri((X509Certificate2)given!);
                return gateway.StartsWith("spiffe://cluster.local/ns/bench/sa/", StringComparison.Ordinal);
            },
            ClientCertificateContext = own is null ? null : SslStreamCertificateContext.Create(own, null, offline: true),
        };

        // In TLS 1.3 a client hears after its own handshake that it is not wanted; and it judges the gateway when that may serve it already.
        TaskCompletionSource judged = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task over = Task.Run(async () =>
        {
            await stream.AuthenticateAsClientAsync(options);
            judged.SetResult();
            while (await stream.ReadAsync(new byte[1]) > 0)
            {
            }
        });
        edge.RunUntil(() => over.IsCompleted || (judged.Task.IsCompleted && edge.Loop.Plain.Count > before.Count));
        if (over.IsCompleted)
        {
            _ = over.Exception;
            stream.Dispose();
            edge.RunUntil(() => edge.Loop.Edges.Refused + edge.Loop.Edges.HandshakeFailures > gone);
        }

        return (edge.Loop.Plain.FirstOrDefault(tunnel => !before.Contains(tunnel)), gateway);
    }

    private static X509Certificate2 Import(WorkloadCertificate certificate)
    {
        using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(certificate.LeafDer.Span);
        using ECDsa key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(certificate.PrivateKeyPkcs8.Span, out _);
        return leaf.CopyWithPrivateKey(key);
    }

    private static string Uri(X509Certificate2 certificate) => ClientCertificate.TryRead(certificate.RawData, out ClientCertificate? read) ? read.Uris[0] : "";
}
