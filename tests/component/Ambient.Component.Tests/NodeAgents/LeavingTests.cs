using System.Net.Sockets;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>Running pods that leave the mesh: what their proxy carries goes on until it ends, what is new goes its own way.</summary>
public sealed class LeavingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [RequiresRootTheory("nft, iptables-nft")]
    [InlineData("sockets", "nftables")]
    [InlineData("translation", "nftables")]
    [InlineData("translation", "iptables-nft")]
    public async Task RunningPods_Leave_AndConnectionsOfTheirProxyLiveOn_AlsoOverARestartOfTheAgent(string redirection, string backEnd)
    {
        await using AgentNode node = await AgentNode.StartAsync(redirection, new Dictionary<string, string> { ["AMBIENT_BACKEND"] = backEnd });
        using Socket listener = AgentNode.Listen(node.Server);
        (Socket client, Socket server) = await AgentNode.ConnectAsync(node.Client, node.Server, listener);
        using (client)
        using (server)
        {
            await TalkAsync(client, server);
            node.Label(false);
            await node.UntilAsync(node.Client, proven: false);
            await node.UntilAsync(node.Server, proven: false);
            await Eventually.TrueAsync(async () => await node.CarriedAsync(node.Client) is { Length: > 0 } && await node.CarriedAsync(node.Server) is { Length: > 0 }, Patience);
            await TalkAsync(client, server);

            // What is new is nobody's business.
            Assert.DoesNotMatch("(:|ports )1500[16]", await node.RulesOfAsync(node.Client));
            Assert.DoesNotMatch("(:|ports )1500[16]", await node.RulesOfAsync(node.Server));
            (Socket direct, Socket accepted) = await AgentNode.ConnectAsync(node.Client, node.Server, listener);
            using (direct)
            using (accepted)
            {
                Assert.Equal(direct.LocalEndPoint, accepted.RemoteEndPoint);
                await TalkAsync(direct, accepted);
            }

            await node.Agent.Process.KillAsync();
            node.StartAgent();
            await Eventually.TrueAsync(async () => await node.CarriedAsync(node.Client) is { Length: > 0 } && await node.CarriedAsync(node.Server) is { Length: > 0 }, Patience);
            await TalkAsync(client, server);

            // Joining once more changes nothing for it.
            node.Label(true);
            await node.UntilAsync(node.Client, proven: true);
            await node.UntilAsync(node.Server, proven: true);
            await TalkAsync(client, server);
            node.Label(false);
            await node.UntilAsync(node.Client, proven: false);
            await TalkAsync(client, server);
        }

        // With the last of them everything of ours goes.
        await Eventually.TrueAsync(async () => await node.CarriedAsync(node.Client) is null or [] && (await node.RulesOfAsync(node.Client)).Contains("ambient", StringComparison.Ordinal) is false, TimeSpan.FromSeconds(90));
        Assert.DoesNotContain("lookup 10", await node.RoutingOfAsync(node.Client), StringComparison.Ordinal);
    }

    [RequiresRootTheory("nft")]
    [InlineData("sockets")]
    [InlineData("translation")]
    [Trait("behaviour", "CNI-213")]
    public async Task PodsThatLeaveAndJoinAgainAndAgain_UnderTraffic_LoseNoEstablishedConnection(string redirection)
    {
        await using AgentNode node = await AgentNode.StartAsync(redirection);
        using Socket listener = AgentNode.Listen(node.Server);
        (Socket client, Socket server) = await AgentNode.ConnectAsync(node.Client, node.Server, listener);
        using (client)
        using (server)
        {
            using var done = new CancellationTokenSource();
            int words = 0;
            Task talking = Task.Run(async () =>
            {
                while (!done.IsCancellationRequested)
                {
                    await TalkAsync(client, server);
                    words++;
                }
            });
            for (int round = 0; round < 3; round++)
            {
                node.Label(false);
                await node.UntilAsync(node.Client, proven: false);
                await node.UntilAsync(node.Server, proven: false);
                node.Label(true);
                await node.UntilAsync(node.Client, proven: true);
                await node.UntilAsync(node.Server, proven: true);
            }

            await done.CancelAsync();
            await talking;
            Assert.True(words > 10);
        }
    }

    private static async Task TalkAsync(Socket one, Socket other)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        byte[] word = new byte[4];
        Assert.Equal(4, await one.SendAsync("word"u8.ToArray(), deadline.Token));
        Assert.Equal(4, await other.ReceiveAsync(word, deadline.Token));
        Assert.Equal(4, await other.SendAsync(word, deadline.Token));
        Assert.Equal(4, await one.ReceiveAsync(word, deadline.Token));
    }
}
