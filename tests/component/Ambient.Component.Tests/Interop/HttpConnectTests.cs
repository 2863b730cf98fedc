using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;

namespace Ambient.Component.Tests.Interop;

/// <summary>HBONE both ways against implementations that share no code with ours: HTTP/2 CONNECT inside mutual TLS 1.3.</summary>
public sealed class HttpConnectTests
{
    private const int Megabytes = 4;
    private const int Parallel = 8;

    [RequiresToolFact("nft, node", root: true)]
    [Trait("behaviour", "ZT-117")]
    public async Task NodeClient_TunnelsThroughZtunnel()
    {
        await using MeshPair mesh = await MeshPair.StartOneSidedAsync(client: false);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        ForeignIdentity identity = Identity(mesh, "client");

        string said = await mesh.Network.RunAsync(mesh.Client, "node", Script, "client", mesh.Server.Address.ToString(), "15008", identity.Directory, mesh.ServerAddress.ToString(), Text(Parallel), Text(Megabytes));

        Assert.Contains("server is URI:spiffe://cluster.local/ns/bench/sa/server, TLSv1.3, h2", said, StringComparison.Ordinal);
        Assert.Contains("a closed port answers 503", said, StringComparison.Ordinal);
        Assert.Contains("OK 8 streams", said, StringComparison.Ordinal);
        string line = await mesh.ServerProxy.LineAsync("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"");
        Assert.Contains("direction=\"inbound\"", line, StringComparison.Ordinal);

        // The closed port is a failed connection of its own kind.
        string metrics = await mesh.GetAsync(mesh.Server, 15020, "/metrics");
        Assert.Contains("istio_tcp_connections_failed_total{", metrics, StringComparison.Ordinal);
        Assert.Contains("response_flags=\"CONNECT\"", metrics, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft, node", root: true)]
    [Trait("behaviour", "ZT-290")]
    public async Task NodeClient_MayNameAServiceByItsHost()
    {
        await using MeshPair mesh = await MeshPair.StartOneSidedAsync(client: false);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        string said = await mesh.Network.RunAsync(mesh.Client, "node", Script, "client", mesh.Server.Address.ToString(), "15008", Identity(mesh, "client").Directory, "cart.bench.svc.cluster.local:9000", "2", "1");
        Assert.Contains("OK 2 streams", said, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft, node", root: true)]
    [Trait("behaviour", "ZT-123")]
    public async Task Ztunnel_TunnelsThroughNodeServer()
    {
        await using MeshPair mesh = await MeshPair.StartOneSidedAsync(client: true);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        Peer node = await mesh.Network.Start(mesh.Server, "node", "node", Script, "server", mesh.Server.Address.ToString(), "15008", Identity(mesh, "server").Directory).ReadyOnLineAsync("LISTENING");

        await EchoManyAsync(mesh, MeshPair.Service);

        string seen = await node.LineAsync("CONNECT");
        Assert.Equal($"CONNECT {mesh.ServerAddress} from URI:spiffe://cluster.local/ns/bench/sa/client network undefined forwarded for=\"{mesh.Client.Address}:", seen[..seen.LastIndexOf(':')] + ":");
    }

    [RequiresToolFact("nft, node, nghttpx", root: true)]
    public async Task Ztunnel_TunnelsThroughNghttpx()
    {
        await using MeshPair mesh = await MeshPair.StartOneSidedAsync(client: true);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        ForeignIdentity identity = Identity(mesh, "server");
        await mesh.Network.Start(mesh.Server, "proxy", "node", Script, "proxy", "127.0.0.1", "3128", "-").ReadyOnLineAsync("LISTENING");
        await mesh.Network.Start(
            mesh.Server,
            "nghttpx",
            "nghttpx",
            "--conf=/dev/null",
            "--http2-proxy",
            "--workers=1",
            $"--frontend={mesh.Server.Address},15008",
            "--backend=127.0.0.1,3128",
            "--verify-client",
            "--verify-client-cacert=" + identity.Authority,
            "--tls-min-proto-version=TLSv1.3",
            identity.Key,
            identity.Certificate).ReadyOnPortAsync(mesh.Server.Address, 15008);

        // Half-closed tunnels are not nghttpx's: it ends both directions together.
        await EchoManyAsync(mesh, mesh.ServerAddress, halfClose: false);
    }

    [RequiresToolFact("nft, nghttpx", root: true)]
    public async Task Nghttpx_TunnelsThroughZtunnel()
    {
        await using MeshPair mesh = await MeshPair.StartOneSidedAsync(client: false);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        ForeignIdentity identity = Identity(mesh, "client");
        await mesh.Network.Start(
            mesh.Client,
            "nghttpx",
            "nghttpx",
            "--conf=/dev/null",
            "--http2-proxy",
            "--workers=1",
            "--insecure",
            "--frontend=127.0.0.1,3128;no-tls",
            $"--backend={mesh.Server.Address},15008;;proto=h2;tls",
            "--client-private-key-file=" + identity.Key,
            "--client-cert-file=" + identity.Certificate).ReadyOnPortAsync(IPAddress.Loopback, 3128);

        using Socket client = MeshPair.Connect(mesh.Client, new IPEndPoint(IPAddress.Loopback, 3128));
        client.Send(Encoding.ASCII.GetBytes($"CONNECT {mesh.ServerAddress} HTTP/1.1\r\nHost: {mesh.ServerAddress}\r\n\r\n"));
        string head = "";
        byte[] one = new byte[1];
        while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            Assert.Equal(1, client.Receive(one));
            head += (char)one[0];
        }

        Assert.StartsWith("HTTP/1.1 200", head, StringComparison.Ordinal);
        await EchoServer.ExchangeAsync(client, Megabytes, halfClose: false);
        client.Close();
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"", await mesh.ServerProxy.LineAsync("connection complete"), StringComparison.Ordinal);
    }

    [RequiresCurlOptionFact("--proxy-http2")]
    public async Task Curl_TunnelsThroughZtunnel()
    {
        await using MeshPair mesh = await MeshPair.StartOneSidedAsync(client: false);
        ForeignIdentity identity = Identity(mesh, "client");
        const string web = "require('http').createServer((q, r) => r.end('hello')).listen(9000, () => console.log('LISTENING'))";
        await mesh.Network.Start(mesh.Server, "web", "node", "-e", web).ReadyOnLineAsync("LISTENING");
        string answer = await mesh.Network.RunAsync(
            mesh.Client, "curl", "-sS", "--proxy-http2", "--proxytunnel", "--proxy-insecure", "--proxy-cert", identity.Certificate, "--proxy-key", identity.Key, "--proxy", $"https://{mesh.Server.Address}:15008", $"http://{mesh.ServerAddress}/");
        Assert.Equal("hello", answer);
    }

    private static string Script => Path.Combine(AppContext.BaseDirectory, "Interop", "connect.js");

    private static ForeignIdentity Identity(MeshPair mesh, string account) => ForeignIdentity.Issue(mesh.Authority, Path.Combine(mesh.Network.Directory, "foreign-" + account), account);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task EchoManyAsync(MeshPair mesh, IPEndPoint target, bool halfClose = true) => await Task.WhenAll(Enumerable.Range(0, Parallel).Select(async _ =>
    {
        using Socket client = MeshPair.Connect(mesh.Client, target);
        await EchoServer.ExchangeAsync(client, Megabytes, halfClose);
    }));
}
