using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;
using Ambient.Testing.Facts;
using Google.Protobuf;
using Wire = Ambient.Protocol.Istio.Workload;

namespace Ambient.Component.Tests.Waypoints.Edges;

/// <summary>Who clients of a gateway are to its policies: identities of the mesh, clients that a proxy speaks for; and calls of browsers.</summary>
public sealed class EdgeClientsTests
{
    [RequiresToolFact("curl", root: true)]
    [Trait("behaviour", "WP-256")]
    public async Task ClientsOfTheMesh_AreJudgedByTheirIdentities_AndOthersAreSentAway()
    {
        using TestCertificates strangers = new();
        await using EdgeGateway gateway = await EdgeGateway.StartAsync(gateway =>
        {
            gateway.Route("one", EdgeGateway.Https, "v1");
            EdgeListener mesh = EdgeGateway.Terminating("one.example.com", "none", "one");
            mesh.Tls = new EdgeTls { Mesh = true, Check = ClientCheck.CheckRequired };
            gateway.Port(EdgeGateway.Https, EdgeProtocol.EdgeTls, mesh);
            AccessRule rule = new() { From = { new AccessSource { Principals = { "cluster.local/ns/apps/sa/friend" } } } };
            gateway.Bundle.Policies.Add(new AccessPolicy { Namespace = "bench", Name = "friends", Action = AccessAction.Allow, Attachments = { new Attachment { All = true } }, Rules = { rule } });
        });
        using HttpBackend backend = HttpBackend.Start(gateway.Server, 9001, "v1");
        using LocalAuthority authority = LocalAuthority.Open(new LocalAuthorityOptions { Directory = Path.Combine(gateway.Network.Directory, "authority") }, TimeProvider.System);
        (string chain, string key) = strangers.Issue(["one.example.com", "spiffe://cluster.local/ns/apps/sa/friend"]);
        string[] Show(WorkloadCertificate shown) => Files(gateway, shown.Identity.ServiceAccount, PemEncoding.WriteString("CERTIFICATE", shown.LeafDer.Span), PemEncoding.WriteString("PRIVATE KEY", shown.PrivateKeyPkcs8.Span));
        WorkloadCertificate Of(string account) => authority.Issue(new SpiffeId("cluster.local", "apps", account));

        foreach (string version in new[] { "--http1.1", "--http2" })
        {
            (int code, string seen) = await gateway.CurlAsync("https://one.example.com/a", ["-k", version, .. Show(Of("friend"))]);
            Assert.True(code == 0, seen + gateway.Process.Log);
            Assert.Contains("v1\nGET /a HTTP/1.1", seen, StringComparison.Ordinal);
            (code, seen) = await gateway.CurlAsync("https://one.example.com/a", ["-k", version, .. Show(Of("foe"))]);
            Assert.Equal(0, code);
            Assert.Contains("RBAC: access denied", seen, StringComparison.Ordinal);
        }

        // Nobody, a stranger who says that he is a friend, and a friend of another domain.
        Assert.NotEqual(0, (await gateway.CurlAsync("https://one.example.com/", "-k")).Code);
        Assert.NotEqual(0, (await gateway.CurlAsync("https://one.example.com/", ["-k", .. Files(gateway, "stranger", chain, key)])).Code);
        Assert.NotEqual(0, (await gateway.CurlAsync("https://one.example.com/", ["-k", .. Show(authority.Issue(new SpiffeId("other.org", "apps", "friend")))])).Code);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-254")]
    public async Task ClientsOfAProxyInFront_AreThoseOfRemoteIpBlocks_AndTheProxyIsThatOfIpBlocks()
    {
        await using EdgeGateway gateway = await EdgeGateway.StartAsync(gateway =>
        {
            gateway.Bundle.Settings.AcceptsProxyProtocol = true;
            gateway.Route("plain", EdgeGateway.Http, "v1");
            gateway.Port(EdgeGateway.Http, EdgeProtocol.EdgeHttp, new EdgeListener { Name = "http", Hosts = { new EdgeHost { Hostname = "*", Routes = "plain" } } });
            gateway.Bundle.Policies.Add(Deny("client", "/remote", new AccessSource { RemoteIpBlocks = { "203.0.113.0/24" } }));
            gateway.Bundle.Policies.Add(Deny("same", "/direct", new AccessSource { IpBlocks = { "203.0.113.0/24" } }));
            gateway.Bundle.Policies.Add(Deny("proxy", "/proxy", new AccessSource { IpBlocks = { gateway.Client.Address.ToString() } }));
        });
        using HttpBackend backend = HttpBackend.Start(gateway.Server, 9001, "v1");
        foreach ((string path, string expected) in new[] { ("/", "v1\nGET / "), ("/remote", "RBAC: access denied"), ("/direct", "v1\nGET /direct "), ("/proxy", "RBAC: access denied") })
        {
            using Socket socket = MeshPair.Connect(gateway.Client, new IPEndPoint(gateway.Gateway.Address, EdgeGateway.Http));
            string seen = WaypointMesh.Ask(socket, $"PROXY TCP4 203.0.113.7 198.51.100.1 4444 80\r\nGET {path} HTTP/1.1\r\nHost: one.example.com\r\n\r\n");
            Assert.Contains(expected, seen, StringComparison.Ordinal);
        }
    }

    [RequiresToolFact("curl", root: true)]
    public async Task CallsInGrpcWeb_AreTranslated_OnHostsThatSaySo()
    {
        await using EdgeGateway gateway = await EdgeGateway.StartAsync(gateway =>
        {
            gateway.Route("web", EdgeGateway.Http, "v1");
            gateway.Route("plain", EdgeGateway.Http, "v1");
            gateway.Bundle.Routes[0].Ports[0].GrpcWeb = true;
            gateway.Port(EdgeGateway.Http, EdgeProtocol.EdgeHttp, new EdgeListener { Name = "http", Hosts = { new EdgeHost { Hostname = "web.example.com", Routes = "web" }, new EdgeHost { Hostname = "*", Routes = "plain" } } });
        });
        using HttpBackend backend = HttpBackend.Start(gateway.Server, 9001, "v1");
        foreach ((string host, string type) in new[] { ("web", "application/grpc+proto"), ("plain", "application/grpc-web+proto") })
        {
            (int code, string seen) = await gateway.CurlAsync($"http://{host}.example.com/echo.Echo/Talk", "-H", "Content-Type: application/grpc-web+proto", "--data-binary", "x");
            Assert.True(code == 0, seen + gateway.Process.Log);
            Assert.Contains($"content-type: {type}\r\n", seen, StringComparison.OrdinalIgnoreCase);
        }
    }

    [RequiresToolFact("curl", root: true)]
    public async Task RoutesThatLeadInACircle_EndIt_AndOthersGoOn()
    {
        await using EdgeGateway gateway = await EdgeGateway.StartAsync(gateway =>
        {
            // The endpoint of its routes is the gateway itself.
            Wire.Service self = new() { Name = "self", Namespace = "bench", Hostname = "self.bench.svc.cluster.local", Ports = { new Wire.Port { ServicePort = 9000, TargetPort = EdgeGateway.Http } } };
            Wire.Workload pod = new() { Uid = "c//Pod/bench/gateway", Name = "gateway", Namespace = "bench", Addresses = { ByteString.CopyFrom(gateway.Gateway.Address.GetAddressBytes()) } };
            pod.Services["bench/self.bench.svc.cluster.local"] = new Wire.PortList { Ports = { new Wire.Port { ServicePort = 9000, TargetPort = EdgeGateway.Http } } };
            gateway.Bundle.Addresses.Add(new Wire.Address { Service = self });
            gateway.Bundle.Addresses.Add(new Wire.Address { Workload = pod });
            gateway.Route("circle", EdgeGateway.Http, "self");
            gateway.Route("plain", EdgeGateway.Http, "v1");
            gateway.Port(EdgeGateway.Http, EdgeProtocol.EdgeHttp, new EdgeListener { Name = "http", Hosts = { new EdgeHost { Hostname = "circle.example.com", Routes = "circle" }, new EdgeHost { Hostname = "*", Routes = "plain" } } });
        });
        using HttpBackend backend = HttpBackend.Start(gateway.Server, 9001, "v1");
        (int code, string seen) = await gateway.CurlAsync("http://circle.example.com/");
        Assert.Equal(0, code);
        Assert.StartsWith("HTTP/1.1 508 ", seen, StringComparison.Ordinal);
        Assert.Contains("v1\nGET / ", (await gateway.CurlAsync("http://one.example.com/")).Output, StringComparison.Ordinal);

        // So many hops and no more: each has one line in the log.
        await gateway.Process.LineAsync("forwarding_loop");
        Assert.InRange(gateway.Process.Log.Split('\n').Count(static line => line.Contains("\"circle.example.com\"", StringComparison.Ordinal)), 60, 70);
    }

    private static AccessPolicy Deny(string name, string path, AccessSource source) => new()
    {
        Namespace = "bench",
        Name = name,
        Action = AccessAction.Deny,
        Attachments = { new Attachment { All = true } },
        Rules = { new AccessRule { From = { source }, To = { new AccessOperation { Paths = { path } } } } },
    };

    private static string[] Files(EdgeGateway gateway, string name, string chain, string key) => ["--cert", gateway.Save(name + ".crt", chain), "--key", gateway.Save(name + ".key", key)];
}
