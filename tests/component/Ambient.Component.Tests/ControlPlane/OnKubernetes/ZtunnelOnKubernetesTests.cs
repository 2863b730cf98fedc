using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Component.Tests.Kubernetes;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>The chain from a Kubernetes object to a byte: API server, ambientd and ztunnel as processes, two captured pods.</summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class ZtunnelOnKubernetesTests(ApiServerFixture rig)
{
    private const int Port = 9000;
    private const string Space = "bench";
    private const string Captured = """{"ambient.istio.io/redirection":"enabled"}""";

    [RequiresApiServerFact]
    public async Task Pods_SpeakThroughTheMesh_UntilAPolicyForbidsIt_AndWithoutTheControlPlane()
    {
        await using var network = new TestNetwork();
        VirtualNode node = network.AddNode("node1");
        using var link = new NodeLink(node);
        VirtualPod client = node.AddPod("client"), server = node.AddPod("server");
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync();
        await rig.ApplyAsync(KnownResources.Namespaces, new ResourceKey("", Space), """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"bench"}}""");
        Pod own = await rig.RunningPodAsync(system, "zt-1", "10.200.0.1", account: "ztunnel");
        await rig.RunningPodAsync(Space, "client", client.Address.ToString(), notes: Captured);
        await rig.RunningPodAsync(Space, "server", server.Address.ToString(), notes: Captured);
        await Task.WhenAll(CaptureAsync(client), CaptureAsync(server));

        PlaneProcess plane = await PlaneProcess.ReadyAsync(rig, system);
        string zds = Path.Combine(network.Directory, "zds");
        using var agent = new NodeAgent(zds);
        Peer ztunnel = await NodeZtunnel.StartAsync(rig, network, node, zds, plane, own);
        await Task.Run(() =>
        {
            agent.Accept();
            agent.Add(client);
            agent.Add(server);
            agent.EndSnapshot();
        });
        using Socket listening = Listen(server);
        await Eventually.PassesAsync(async () => Assert.Equal("ok", await ExchangeAsync(client, server)), PlaneProcess.Deadline);
        await Eventually.TrueAsync(() => ztunnel.Log.Contains("spiffe://cluster.local/ns/bench/sa/client", StringComparison.Ordinal), PlaneProcess.Deadline);

        // A policy as it is written, and taken back.
        await rig.SpecAsync(KnownResources.AuthorizationPolicies, Space, "no", "\"action\":\"DENY\",\"rules\":[{\"from\":[{\"source\":{\"principals\":[\"cluster.local/ns/bench/sa/client\"]}}]}]");
        await Eventually.PassesAsync(async () => Assert.NotEqual("ok", await ExchangeAsync(client, server)), PlaneProcess.Deadline);
        await rig.Admin.DeleteAsync(KnownResources.AuthorizationPolicies, new ResourceKey(Space, "no"), CancellationToken.None);
        await Eventually.PassesAsync(async () => Assert.Equal("ok", await ExchangeAsync(client, server)), PlaneProcess.Deadline);

        // Without a control plane everything goes on; a new one, at the same place and with the same root, is followed at once.
        string address = string.Create(CultureInfo.InvariantCulture, $"0.0.0.0:{plane.Port}");
        await plane.DisposeAsync();
        Assert.Equal("ok", await ExchangeAsync(client, server));
        await using PlaneProcess next = await PlaneProcess.ReadyAsync(rig, system, ("AMBIENT_XDS_ADDRESS", address));
        await rig.SpecAsync(KnownResources.AuthorizationPolicies, Space, "no", "\"action\":\"DENY\",\"rules\":[{}]");
        await Eventually.PassesAsync(async () => Assert.NotEqual("ok", await ExchangeAsync(client, server)), PlaneProcess.Deadline);

        // What it held already did not come again.
        await Eventually.PassesAsync(
            async () =>
            {
                (_, string metrics) = await next.GetAsync("metrics", "/metrics");
                string[] sent = [.. metrics.Split('\n').Where(static line => line.StartsWith("ambient_xds_resources_total{type=\"type.googleapis.com/istio.workload.Address\"}", StringComparison.Ordinal))];
                Assert.All(sent, static line => Assert.EndsWith(" 0", line, StringComparison.Ordinal));
                Assert.Contains("pilot_xds 1", metrics, StringComparison.Ordinal);
            },
            PlaneProcess.Deadline);
        await ztunnel.DisposeAsync();
    }

    private static Task CaptureAsync(VirtualPod pod) => new PodRedirection(
        pod.Namespace,
        new RedirectionOptions { Method = RedirectionMethod.Translation, PodAddresses = [pod.Address], DnsCapture = false, Ipv6 = false }).ApplyAsync(CancellationToken.None);

    private static Socket Listen(VirtualPod pod)
    {
        Socket listening = pod.Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listening.Bind(new IPEndPoint(IPAddress.Any, Port));
        listening.Listen(64);
        _ = EchoAsync(listening);
        return listening;
    }

    private static async Task EchoAsync(Socket listening)
    {
        byte[] buffer = new byte[16];
        try
        {
            while (true)
            {
                using Socket accepted = await listening.AcceptAsync();
                try
                {
                    int read = await accepted.ReceiveAsync(buffer);
                    await accepted.SendAsync(buffer.AsMemory(0, read));
                }
                catch (SocketException)
                {
                    // This one was cut; the next may be better.
                }
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    /// <summary>"ok" when a byte came back, otherwise what became of it.</summary>
    private static async Task<string> ExchangeAsync(VirtualPod from, VirtualPod to)
    {
        using Socket socket = from.Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        byte[] buffer = [42];
        try
        {
            await socket.ConnectAsync(new IPEndPoint(to.Address, Port), limit.Token);
            await socket.SendAsync(buffer, limit.Token);
            return await socket.ReceiveAsync(buffer, limit.Token) == 1 ? "ok" : "closed";
        }
        catch (SocketException refused)
        {
            return refused.SocketErrorCode.ToString();
        }
        catch (OperationCanceledException)
        {
            return "nothing came back";
        }
    }
}
