using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Protocol.L7;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;
using Google.Protobuf;

namespace Ambient.Component.Tests.Waypoints.Edges;

/// <summary>Ports for clients outside the mesh under load, behind a proxy, and with clients that mean no good.</summary>
public sealed class EdgePeersTests
{
    [RequiresToolFact("h2load,node,curl", root: true)]
    public async Task Load_PassesBesideAbuse_AndIsCountedAsASources_AndNewDemandsLetClientsGo()
    {
        using TestCertificates authority = new(), clients = new("Clients");
        EdgeListener listener = EdgeGateway.Terminating("*", "one", "one");
        await using EdgeGateway gateway = await EdgeGateway.StartAsync(gateway =>
        {
            gateway.Route("one", EdgeGateway.Https, "v1");
            gateway.Credential("one", authority.Issue(["one.example.com"])).Authorities = ByteString.CopyFromUtf8(clients.Pem);
            gateway.Port(EdgeGateway.Https, EdgeProtocol.EdgeTls, listener, EdgeGateway.Terminating("closed.example.com", "missing", "one"));
        });
        using HttpBackend backend = HttpBackend.Start(gateway.Server, 9001, "v1");
        IPEndPoint edge = new(gateway.Gateway.Address, EdgeGateway.Https);

        // Those who never say anything whole, and those who say nonsense, stay open meanwhile.
        List<Socket> abusers = [];
        for (int i = 0; i < 60; i++)
        {
            Socket abuser = MeshPair.Connect(gateway.Client, edge);
            abusers.Add(abuser);
            abuser.Send((i % 3) switch { 0 => [22, 3, 1, 2, 0, 1], 1 => [.. "GET / HTTP/1.1\r\n\r\n"u8], _ => [22, 3, 1, 0, 5, 1, 0, 0, 1, 0] });
        }

        foreach (string version in new[] { "--npn-list=h2", "--h1" })
        {
            CommandResult load = await gateway.Network.TryRunAsync(gateway.Client, "h2load", "-n", "600", "-c", "6", "-m", "10", version, $"--connect-to={edge}", "https://one.example.com/load");
            Assert.Contains("600 succeeded, 0 failed", load.Text, StringComparison.Ordinal);
        }

        CommandResult metrics = await gateway.Network.TryRunAsync(gateway.Gateway, "curl", "-sS", "http://127.0.0.1:15020/stats/prometheus");
        Assert.Contains("istio_requests_total{reporter=\"source\",", metrics.Text, StringComparison.Ordinal);
        Assert.Contains("destination_service=\"v1.bench.svc.cluster.local\"", metrics.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("reporter=\"waypoint\"", metrics.Text, StringComparison.Ordinal);

        Peer node = gateway.Network.Start(new ProcessPlan("node", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "edgeclient.js"), gateway.Gateway.Address.ToString())
        {
            NamespaceName = gateway.Client.NamespaceName,
            LogPath = Path.Combine(gateway.Network.Directory, "node.log"),
        });
        await node.LineAsync("asked 200");
        listener.Tls.Check = ClientCheck.CheckRequired;
        gateway.Configure();
        await node.LineAsync("goaway 0");
        await node.LineAsync("failed 0");
        await Eventually.TrueAsync(async () => (await gateway.CurlAsync("https://one.example.com/", "-k")).Code != 0);
        abusers.ForEach(static abuser => abuser.Dispose());
        Assert.DoesNotContain("defect", gateway.Process.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("haproxy,curl", root: true)]
    public async Task AProxyInFront_SaysWhoItsClientIs()
    {
        using TestCertificates authority = new();
        await using EdgeGateway gateway = await EdgeGateway.StartAsync(gateway =>
        {
            gateway.Bundle.Settings.AcceptsProxyProtocol = true;
            gateway.Route("one", EdgeGateway.Https, "v1");
            gateway.Route("plain", EdgeGateway.Http, "v1");
            gateway.Credential("one", authority.Issue(["one.example.com"]));
            gateway.Port(EdgeGateway.Https, EdgeProtocol.EdgeTls, EdgeGateway.Terminating("one.example.com", "one", "one"));
            gateway.Port(EdgeGateway.Http, EdgeProtocol.EdgeHttp, new EdgeListener { Name = "http", Hosts = { new EdgeHost { Hostname = "*", Routes = "plain" } } });
        });
        using HttpBackend backend = HttpBackend.Start(gateway.Server, 9001, "v1");
        string configuration = gateway.Save("haproxy.cfg", $"""
            defaults
              mode tcp
              timeout connect 5s
              timeout client 30s
              timeout server 30s
            listen second
              bind :8443
              server gateway {gateway.Gateway.Address}:443 send-proxy-v2
            listen first
              bind :8080
              server gateway {gateway.Gateway.Address}:80 send-proxy

            """);
        gateway.Network.Start(new ProcessPlan("haproxy", "haproxy", "-db", "-f", configuration) { NamespaceName = gateway.Server.NamespaceName, LogPath = Path.Combine(gateway.Network.Directory, "haproxy.log") });
        Task<CommandResult> AskAsync(string url, int port, params string[] arguments) => gateway.Network.TryRunAsync(
            gateway.Client, "curl", ["-sSik", "--max-time", "10", "--resolve", $"one.example.com:{port}:{gateway.Server.Address}", .. arguments, url]);
        foreach ((string url, int port) in new[] { ("https://one.example.com:8443/a", 8443), ("http://one.example.com:8080/a", 8080) })
        {
            string seen = "";
            await Eventually.TrueAsync(async () => (seen = (await AskAsync(url, port)).Text).Contains("GET /a HTTP/1.1", StringComparison.Ordinal));
            Assert.Contains($"x-forwarded-for: {gateway.Client.Address}\r\n", seen, StringComparison.Ordinal);
        }

        // Whoever comes without a word of a proxy is nobody; curl can say the word itself.
        Assert.NotEqual(0, (await gateway.CurlAsync("https://one.example.com/", "-k")).Code);
        (int code, string direct) = await gateway.CurlAsync("https://one.example.com/", "-k", "--haproxy-protocol");
        Assert.True(code == 0, direct + gateway.Process.Log);
        Assert.Contains($"x-forwarded-for: {gateway.Client.Address}\r\n", direct, StringComparison.Ordinal);
    }
}
