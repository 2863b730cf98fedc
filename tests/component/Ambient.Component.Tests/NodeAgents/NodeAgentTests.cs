using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Captures;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>The node agent with a real ztunnel and real namespaces: joining, leaving, restarts, and the plugin's requests.</summary>
public sealed class NodeAgentTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "CNI-106")]
    [Trait("behaviour", "CNI-114")]
    public async Task RunningPods_Join_TalkThroughTheTunnel_AndLeave()
    {
        await using AgentNode node = await AgentNode.StartAsync();
        using Socket listener = AgentNode.Listen(node.Server);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        await node.Ztunnel.LineAsync("direction=\"inbound\"");
        Assert.Contains("15001", await node.RulesOfAsync(node.Client), StringComparison.Ordinal);

        node.Label(false);
        await node.UntilAsync(node.Client, proven: false);
        await node.UntilAsync(node.Server, proven: false);
        await Eventually.TrueAsync(async () => !(await node.RulesOfAsync(node.Client)).Contains("table", StringComparison.Ordinal), Patience);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));

        node.Label(true);
        await node.UntilAsync(node.Client, proven: true);
        await node.UntilAsync(node.Server, proven: true);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "CNI-206")]
    public async Task AgentAndZtunnel_Killed_RulesStay_AndPodsAreProvenAgain()
    {
        await using AgentNode node = await AgentNode.StartAsync();
        using Socket listener = AgentNode.Listen(node.Server);
        await node.Agent.Process.KillAsync();

        // Without the agent nothing changes, also when it is taken off the node.
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        Assert.Contains("ambient-probes", await node.TablesOfNodeAsync(), StringComparison.Ordinal);
        await node.UninstallAsync();
        Assert.DoesNotContain("ambient-probes", await node.TablesOfNodeAsync(), StringComparison.Ordinal);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        await node.Ztunnel.Process.KillAsync();

        // Without anybody: closed.
        Assert.NotNull(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        node.StartZtunnel();
        node.StartAgent();
        await Eventually.TrueAsync(async () => await AgentNode.ExchangeAsync(node.Client, node.Server, listener) is null, TimeSpan.FromSeconds(30));
        await node.UntilAsync(node.Client, proven: true);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task RulesFlushedBySomebody_AreRepaired_BehindTheGuard()
    {
        await using AgentNode node = await AgentNode.StartAsync();
        using Socket listener = AgentNode.Listen(node.Server);
        await node.Agent.LineAsync("pod status");
        await node.RunAsync(node.Client, "nft", "flush", "ruleset");
        await Eventually.TrueAsync(async () => (await node.RulesOfAsync(node.Client)).Contains("15001", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
        await node.UntilAsync(node.Client, proven: true);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "CNI-97")]
    [Trait("behaviour", "CNI-98")]
    [Trait("behaviour", "CNI-99")]
    [Trait("behaviour", "CNI-100")]
    [Trait("behaviour", "CNI-101")]
    public async Task Plugin_IsAnsweredWithProof_OrWithTheReason()
    {
        await using AgentNode node = await AgentNode.StartAsync(more: "late");
        VirtualPod late = node.Pod("late");
        Assert.Equal((500, true), Shape(await node.PostAsync("/cmdadd", AgentNode.Event(late)), "is in no manifest"));
        Assert.Equal((400, true), Shape(await node.PostAsync("/cmdadd", "notjson"), "not JSON"));
        Assert.Equal((500, true), Shape(await node.PostAsync("/cmdadd", AgentNode.Event(late).Replace(late.NamespaceName, "../../proc/1/ns/net", StringComparison.Ordinal)), "without . and .."));
        Assert.Equal((500, true), Shape(await node.PostAsync("/cmdadd", AgentNode.Event(late).Replace(late.NamespaceName, node.Client.NamespaceName, StringComparison.Ordinal)), "none of its interfaces"));

        node.List(late, listed: true);
        await Eventually.TrueAsync(async () => (await node.PostAsync("/cmdadd", AgentNode.Event(late, ""","PodUID":"uid-late","Ask":true"""))) is (200, var body) && body.Contains("enrolled", StringComparison.Ordinal));
        Assert.Contains("15001", await node.RulesOfAsync(late), StringComparison.Ordinal);
        Assert.DoesNotContain("ambient-guard", await node.RulesOfAsync(late), StringComparison.Ordinal);

        node.Label(false);
        await node.UntilAsync(late, proven: false);
        Assert.Equal((500, true), Shape(await node.PostAsync("/cmdadd", AgentNode.Event(late)), "unexpectedly not eligible for ambient enrollment"));
        Assert.Equal((200, true), Shape(await node.PostAsync("/cmdadd", AgentNode.Event(late, ""","Ask":true""")), "outside"));
    }

    [RequiresToolFact("nft", root: true)]
    public async Task RunningPod_JoinsBySockets_AndItsConnectionsLiveOn()
    {
        await using AgentNode node = await AgentNode.StartAsync("sockets");
        using Socket listener = AgentNode.Listen(node.Server);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        node.Label(false);
        await node.UntilAsync(node.Client, proven: false);
        await node.UntilAsync(node.Server, proven: false);

        (Socket client, Socket server) = await AgentNode.ConnectAsync(node.Client, node.Server, listener);
        using (client)
        using (server)
        {
            node.Label(true);
            await node.UntilAsync(node.Client, proven: true);
            await node.UntilAsync(node.Server, proven: true);
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            byte[] word = new byte[4];
            Assert.Equal(4, await client.SendAsync("more"u8.ToArray(), deadline.Token));
            Assert.Equal(4, await server.ReceiveAsync(word, deadline.Token));
            Assert.Equal(4, await server.SendAsync(word, deadline.Token));
            Assert.Equal(4, await client.ReceiveAsync(word, deadline.Token));

            // New ones are captured meanwhile.
            Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
            await node.Ztunnel.LineAsync("direction=\"inbound\"");
        }
    }

    [RequiresToolFact("nft", root: true)]
    public async Task SparedConnections_AreListedAndRespected_AfterAnAgentRestart_AndForgottenWhenTheyEnd()
    {
        await using AgentNode node = await AgentNode.StartAsync("sockets");
        using Socket listener = AgentNode.Listen(node.Server);
        node.Label(false);
        await node.UntilAsync(node.Client, proven: false);
        await node.UntilAsync(node.Server, proven: false);
        (Socket client, Socket server) = await AgentNode.ConnectAsync(node.Client, node.Server, listener);
        using (server)
        {
            node.Label(true);
            await node.UntilAsync(node.Client, proven: true);
            await node.UntilAsync(node.Server, proven: true);
            await node.Agent.Process.KillAsync();
            node.StartAgent();
            await node.UntilAsync(node.Client, proven: true);
            await Eventually.TrueAsync(async () => await node.SparedAsync(node.Client) is [var flow] && flow.EndsWith($"to {node.Server.Address}:{AgentNode.Port}", StringComparison.Ordinal), Patience);
            using (client)
            {
                using var deadline = new CancellationTokenSource(Patience);
                byte[] word = new byte[4];
                Assert.Equal(4, await client.SendAsync("more"u8.ToArray(), deadline.Token));
                Assert.Equal(4, await server.ReceiveAsync(word, deadline.Token));
            }
        }

        await Eventually.TrueAsync(async () => await node.SparedAsync(node.Client) is [], Patience);
        Assert.DoesNotContain("sport", await node.RoutingOfAsync(node.Client), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task ProxyGone_StrictStaysClosed_OpenGoesOn_AndJoinsAgain()
    {
        await using AgentNode node = await AgentNode.StartAsync("sockets", new Dictionary<string, string> { ["AMBIENT_STRICT"] = "false", ["AMBIENT_OPEN_AFTER"] = "1" }, "plain");
        using Socket listener = AgentNode.Listen(node.Server);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        await node.Ztunnel.Process.KillAsync();
        await Eventually.TrueAsync(async () => !(await node.RulesOfAsync(node.Client)).Contains("15001", StringComparison.Ordinal), Patience);
        Assert.Contains("15001", await node.RulesOfAsync(node.Server), StringComparison.Ordinal);
        Assert.NotNull(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));

        // The one that may: it talks to whoever is no strict pod.
        using Socket plain = AgentNode.Listen(node.Pod("plain"));
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Pod("plain"), plain));
        await node.ReportedAsync(node.Client, "goes on without the mesh");
        node.StartZtunnel();
        await node.UntilAsync(node.Client, proven: true);
        await node.UntilAsync(node.Server, proven: true);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
    }

    [RequiresRootTheory("nft, tcpdump")]
    [InlineData("sockets", true)]
    [InlineData("translation", true)]
    [InlineData("sockets", false)]
    [InlineData("translation", false)]
    public async Task AppThatSetsTheProxysMark_StaysInTheMesh_BecauseTheMarkIsASecret(string redirection, bool secret)
    {
        const uint wellKnown = 0x539;
        await using AgentNode node = await AgentNode.StartAsync(redirection, new Dictionary<string, string> { ["AMBIENT_SECRET_MARKS"] = secret ? "true" : "false" });
        using Socket listener = AgentNode.Listen(node.Server);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        await using PacketCapture capture = await node.CaptureAsync();
        string marker = "open-secret-" + Guid.NewGuid().ToString("N");
        using Socket app = node.Client.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        app.SetRawSocketOption(1, 36, BitConverter.GetBytes(wellKnown));
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(3));
            await app.ConnectAsync(new IPEndPoint(node.Server.Address, AgentNode.Port), deadline.Token);
            await app.SendAsync(Encoding.ASCII.GetBytes(marker), deadline.Token);
            using Socket accepted = await listener.AcceptAsync(deadline.Token);
            await accepted.ReceiveAsync(new byte[64], deadline.Token);
        }
        catch (Exception refused) when (refused is SocketException or OperationCanceledException && secret)
        {
            // Closed is as good as captured.
        }

        // What leaves a pod is seen here.
        string control = "control-" + Guid.NewGuid().ToString("N");
        using Socket sender = node.Client.Node.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        await sender.SendToAsync(Encoding.ASCII.GetBytes(control), new IPEndPoint(node.Client.Address, 9));
        await capture.WaitForAsync(control);

        // Without secrets the mark opens the way out, as with upstream: the test would see it.
        Assert.Equal(!secret, PacketCapture.Containing(await capture.StopAsync(), marker).Count > 0);
        Assert.Equal(!secret, (await node.RulesOfAsync(node.Client)).Contains("0x00000539", StringComparison.Ordinal));
    }

    private static (int Status, bool Says) Shape((int Status, string Body) answer, string text) =>
        (answer.Status, answer.Body.Contains(text, StringComparison.Ordinal) ? true : throw new Xunit.Sdk.XunitException(answer.Body));
}
