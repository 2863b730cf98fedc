using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>A ztunnel on each of two nodes, as in a cluster (ztunnel.md 12 R).</summary>
public sealed class TwoNodeTests
{
    private const string Client = "spiffe://cluster.local/ns/bench/sa/client";
    private const string Server = "spiffe://cluster.local/ns/bench/sa/server";

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-274")]
    public async Task CapturedPodsOfTwoNodes_AreCountedAndLoggedOnBothSides()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan { IsTwoNodes = true });
        using Socket listener = MeshPair.Listen(mesh.Server);
        using (Socket client = MeshPair.Connect(mesh.Client, mesh.ServerAddress))
        {
            using Socket server = await MeshPair.AcceptAsync(listener);
            Assert.Equal(mesh.Client.Address, ((IPEndPoint)server.RemoteEndPoint!).Address);
            AppTalk.Say(client, "hello world");
            Assert.Equal("hello world", AppTalk.Hear(server, 11));
            AppTalk.Say(server, "you said: hello world.");
            Assert.Equal("you said: hello world.", AppTalk.Hear(client, 22));
        }

        string outbound = await mesh.ClientProxy.LineAsync("connection complete");
        foreach (string part in new[] { "direction=\"outbound\"", "src.workload=\"client\"", "dst.workload=\"server\"", $"src.identity=\"{Client}\"", $"dst.identity=\"{Server}\"", $"dst.addr={mesh.Server.Address}:15008", $"dst.hbone_addr={mesh.ServerAddress}", "bytes_sent=11 bytes_recv=22" })
        {
            Assert.Contains(part, outbound, StringComparison.Ordinal);
        }

        string inbound = await mesh.ServerProxy.LineAsync("connection complete");
        foreach (string part in new[] { "direction=\"inbound\"", "src.workload=\"client\"", "dst.workload=\"server\"", $"src.identity=\"{Client}\"", $"dst.identity=\"{Server}\"" })
        {
            Assert.Contains(part, inbound, StringComparison.Ordinal);
        }

        await AssertCountedAsync(mesh.Client.Node, "source");
        await AssertCountedAsync(mesh.Server.Node, "destination");
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-284")]
    public async Task ServiceWithALocalAndARemoteEndpoint_UsesBoth_UnderItsName()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan { IsTwoNodes = true });
        await mesh.ReplaceModelOnNodesAsync(TwoEndpoints(mesh), "c//Pod/bench/stranger");
        await mesh.EnrolAsync(mesh.Stranger);
        using EchoServer remote = EchoServer.Start(mesh.Server, MeshPair.Port);
        using EchoServer local = EchoServer.Start(mesh.Stranger, MeshPair.Port);

        Assert.True(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        string first = await mesh.ClientProxy.LineAsync("direction=\"outbound\"");
        Assert.Single(mesh.ClientProxy.Process.LogLines(), l => l.Contains("direction=\"outbound\"", StringComparison.Ordinal));
        Assert.True(first.Contains("dst.workload=\"server\"", StringComparison.Ordinal) ^ first.Contains("dst.workload=\"stranger\"", StringComparison.Ordinal));

        // One of them alone fifty times in a row: once in 10^15 runs.
        for (int i = 0; i < 50; i++)
        {
            Assert.True(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        }

        await Eventually.TrueAsync(() => mesh.ClientProxy.Process.LogLines().Count(l => l.Contains("direction=\"outbound\"", StringComparison.Ordinal)) == 51);
        string here = await MetricsAsync(mesh.Client.Node);
        string there = await MetricsAsync(mesh.Server.Node);
        string[] sources = Opened(here, "source");
        Assert.Equal(["server", "stranger"], sources.Select(l => Label(l, "destination_workload")).Order(StringComparer.Ordinal));
        Assert.Equal(51, sources.Sum(Value));
        string[] destinations = [.. Opened(here, "destination"), .. Opened(there, "destination")];
        Assert.Equal(["stranger", "server"], destinations.Select(l => Label(l, "destination_workload")));
        Assert.Equal(51, destinations.Sum(Value));
        Assert.All(sources.Concat(destinations), line =>
        {
            Assert.Equal("cart.bench.svc.cluster.local", Label(line, "destination_service"));
            Assert.Equal("cart", Label(line, "destination_service_name"));
            Assert.Equal("bench", Label(line, "destination_service_namespace"));
            Assert.Equal("mutual_tls", Label(line, "connection_security_policy"));
        });
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-288")]
    public async Task ZtunnelsOwnPorts_GiveAPodNothingButMetricsAndReadiness()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan { IsTwoNodes = true, ClientSettings = MeshPlan.OwnPod });
        foreach (VirtualNode node in mesh.Network.Nodes)
        {
            foreach (int port in new[] { 15001, 15006, 15008, 15080, 15000 })
            {
                using Socket socket = MeshPair.Connect(mesh.Client, new IPEndPoint(node.Address, port));
                Assert.Equal("", Question(socket, "not HTTP\r\n\r\n"));
            }

            foreach (int port in new[] { 15020, 15021 })
            {
                using Socket socket = MeshPair.Connect(mesh.Client, new IPEndPoint(node.Address, port));
                Assert.StartsWith("HTTP/1.1 400 ", Question(socket, "not HTTP\r\n\r\n"), StringComparison.Ordinal);
            }
        }
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-292")]
    public async Task HostnameOnlyWorkload_BehindAVip_IsResolvedForEachConnection()
    {
        // The name is known to the resolver of the node that the proxy runs on, and to nobody else.
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan
        {
            IsTwoNodes = true,
            PrepareShared = m => File.WriteAllText($"/etc/netns/{m.Client.Node.NamespaceName}/hosts", $"{m.Server.Address} outside.example.com\n"),
        });
        await mesh.ReplaceModelOnNodesAsync(
            $$"""
            services:
            - {name: outside, namespace: bench, hostname: outside.example.com, vips: ["/10.96.0.12"], ports: {80: 9000} }
            policies: []
            workloads:
            - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{mesh.Client.Address}}"], protocol: HBONE, services: {} }
            - {uid: c//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{mesh.Server.Address}}"], protocol: HBONE, services: {} }
            - {uid: c//External/outside, name: outside, namespace: bench, trustDomain: cluster.local, serviceAccount: server, hostname: outside.example.com, workloadIps: [], protocol: HBONE, services: {"bench/outside.example.com": {80: 9000} } }
            """,
            "c//External/outside");
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        var vip = new IPEndPoint(IPAddress.Parse("10.96.0.12"), 80);
        Assert.True(AppTalk.TryAsk(mesh.Client, vip));
        Assert.True(AppTalk.TryAsk(mesh.Client, vip));
        string counted = Assert.Single((await MetricsAsync(mesh.Client.Node)).Split('\n'), l => l.StartsWith("istio_on_demand_dns_total{", StringComparison.Ordinal));
        Assert.Equal(2, Value(counted));
        Assert.Equal("outside.example.com", Label(counted, "hostname"));
        string outbound = await mesh.ClientProxy.LineAsync("connection complete");
        Assert.Contains($"dst.addr={mesh.Server.Address}:15008", outbound, StringComparison.Ordinal);
        Assert.Contains($"dst.identity=\"{Server}\"", outbound, StringComparison.Ordinal);
    }

    private static async Task AssertCountedAsync(VirtualNode node, string reporter)
    {
        foreach ((string family, double expected) in new[] { ("connections_opened", 1.0), ("connections_closed", 1.0), ("received_bytes", 11.0), ("sent_bytes", 22.0) })
        {
            string[] lines = [];
            await Eventually.TrueAsync(async () => (lines = Lines(await MetricsAsync(node), $"istio_tcp_{family}_total", reporter)).Length == 1);
            Assert.Equal((family, expected), (family, Value(lines[0])));
            Assert.Equal(Client, Label(lines[0], "source_principal"));
            Assert.Equal(Server, Label(lines[0], "destination_principal"));
        }
    }

    private static Task<string> MetricsAsync(VirtualNode node) => MeshPair.GetOnNodeAsync(node, 15020, "/metrics");

    private static string[] Opened(string metrics, string reporter) => Lines(metrics, "istio_tcp_connections_opened_total", reporter);

    private static string[] Lines(string metrics, string family, string reporter) =>
        [.. metrics.Split('\n').Where(l => l.StartsWith(family + "{", StringComparison.Ordinal) && l.Contains($"reporter=\"{reporter}\"", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static string Label(string line, string name)
    {
        int from = line.IndexOf(name + "=\"", StringComparison.Ordinal);
        Assert.True(from >= 0, $"no {name} in {line}");
        from += name.Length + 2;
        return line[from..line.IndexOf('"', from)];
    }

    private static double Value(string line) => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);

    private static string Question(Socket socket, string text)
    {
        var answer = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            AppTalk.Say(socket, text);
            for (int n; (n = socket.Receive(buffer)) > 0;)
            {
                answer.Append(Encoding.ASCII.GetString(buffer, 0, n));
            }
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }

        return answer.ToString();
    }

    private static string TwoEndpoints(MeshPair mesh) => $$"""
        services:
        - {name: cart, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{MeshPair.Service.Address}}"], ports: {9000: 9000} }
        policies: []
        workloads:
        - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{mesh.Client.Address}}"], protocol: HBONE, services: {} }
        - {uid: c//Pod/bench/server, name: server, workloadName: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{mesh.Server.Address}}"], protocol: HBONE, services: {"bench/cart.bench.svc.cluster.local": {9000: 9000} } }
        - {uid: c//Pod/bench/stranger, name: stranger, workloadName: stranger, namespace: bench, trustDomain: cluster.local, serviceAccount: stranger, workloadIps: ["{{mesh.Stranger.Address}}"], protocol: HBONE, services: {"bench/cart.bench.svc.cluster.local": {9000: 9000} } }
        """;
}
