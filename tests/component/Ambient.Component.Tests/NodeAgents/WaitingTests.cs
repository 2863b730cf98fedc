using System.Net.Sockets;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>New connections of pods whose proxy has left: for a while they wait for the next one instead of being refused.</summary>
public sealed class WaitingTests
{
    private const string Table = "ambient-hold";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [RequiresRootTheory("nft")]
    [InlineData("translation")]
    [InlineData("sockets")]
    public async Task ConnectionThatBeginsWithoutAProxy_IsServedByTheNext(string redirection)
    {
        await using AgentNode node = await AgentNode.StartAsync(redirection, new Dictionary<string, string> { ["AMBIENT_HOLD"] = "60" });
        using Socket listener = AgentNode.Listen(node.Server);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        await node.Ztunnel.Process.KillAsync();
        await HeldAsync(node, true);

        Task<string?> waiting = AgentNode.ExchangeAsync(node.Client, node.Server, listener);
        Assert.False(waiting.IsCompleted);
        node.StartZtunnel();
        Assert.Null(await waiting);
        await HeldAsync(node, false);
        await node.UntilAsync(node.Client, proven: true);
    }

    [RequiresRootTheory("nft")]
    [InlineData("translation")]
    [InlineData("sockets")]
    public async Task WithoutANextProxy_TheyAreRefusedInTheEnd_AndNothingEverPasses(string redirection)
    {
        await using AgentNode node = await AgentNode.StartAsync(redirection, new Dictionary<string, string> { ["AMBIENT_HOLD"] = "4" });
        using Socket listener = AgentNode.Listen(node.Server);
        await node.Ztunnel.Process.KillAsync();
        await HeldAsync(node, true);
        Assert.NotNull(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        await HeldAsync(node, false);
        string? refusal = await AgentNode.ExchangeAsync(node.Client, node.Server, listener);
        Assert.Equal("Connection refused", refusal);
        Assert.False(listener.Poll(TimeSpan.Zero, SelectMode.SelectRead));
    }

    [RequiresToolFact("nft", root: true)]
    public async Task AgentThatEndsMeanwhile_LeavesNothingThatTheNextDoesNotEnd()
    {
        await using AgentNode node = await AgentNode.StartAsync("translation", new Dictionary<string, string> { ["AMBIENT_HOLD"] = "60" });
        await node.Ztunnel.Process.KillAsync();
        await HeldAsync(node, true);
        await node.Agent.Process.KillAsync();
        node.StartAgent();
        await HeldAsync(node, false);
        Assert.Contains("15001", await node.RulesOfAsync(node.Client), StringComparison.Ordinal);
    }

    private static async Task HeldAsync(AgentNode node, bool held)
    {
        await Eventually.TrueAsync(async () => (await node.RulesOfAsync(node.Client)).Contains(Table, StringComparison.Ordinal) == held, Patience);
        await Eventually.TrueAsync(async () => (await node.RulesOfAsync(node.Server)).Contains(Table, StringComparison.Ordinal) == held, Patience);
    }
}
