using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Ambient.Linux.Proc;
using Ambient.Testing.Cni;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Captures;

namespace Ambient.Component.Tests.Plugins;

/// <summary>The real chain (bridge, host-local, portmap, ours) in real namespaces: pods join from their first packet, and nothing opens when anything is missing.</summary>
public sealed class CniChainTests
{
    private const string Tools = "nft, /usr/lib/cni/bridge, /usr/lib/cni/host-local, /usr/lib/cni/portmap";
    private static readonly IPAddress Gateway = IPAddress.Parse("10.77.0.1");
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(15);

    [RequiresToolFact(Tools, root: true)]
    [Trait("behaviour", "CNI-22")]
    [Trait("behaviour", "CNI-41")]
    public async Task Chain_PodsAreInTheMesh_WhenAddReturns()
    {
        await using var node = new CniNode("client", "server");
        await node.StartAsync();
        CniResult before = (await node.Chain.AddForeignAsync(node.NetworkOf("client"), "client", "shop")).OrFail();
        CniResult client = (await node.Chain.OursAsync("ADD", node.NetworkOf("client"), "client", "shop", before.Json)).OrFail();
        Assert.True(JsonNode.DeepEquals(before.Json, client.Json), client.Output);
        CniResult server = (await node.Chain.AddAsync(node.NetworkOf("server"), "server", "shop")).OrFail();
        Assert.False(await node.IsGuardedAsync("client"));
        Assert.Contains("15001", await node.RulesOfAsync("client"), StringComparison.Ordinal);

        using Socket listener = node.Listen("server");
        Assert.Null(await node.ExchangeAsync("client", node.AddressOf("server"), listener, Long));
        await node.Ztunnel.LineAsync("direction=\"inbound\"");
        (await node.Chain.OursAsync("CHECK", node.NetworkOf("client"), "client", "shop", client.Json)).OrFail();

        foreach (CniResult ended in await node.Chain.DeleteAsync(node.NetworkOf("server"), "server", "shop", server.Json))
        {
            ended.OrFail();
        }

        foreach (CniResult again in await node.Chain.DeleteAsync(node.NetworkOf("server"), "server", "shop", server.Json))
        {
            again.OrFail();
        }
    }

    [RequiresToolFact(Tools + ", tcpdump", root: true)]
    [Trait("behaviour", "CNI-23")]
    public async Task AgentDead_AddFails_TheGuardStays_AndNothingPasses()
    {
        await using var node = new CniNode("client");
        CniResult failed = await node.Chain.AddAsync(node.NetworkOf("client"), "client", "shop");
        Assert.Equal(("ambient-cni", 11), (failed.Plugin, failed.Code));
        Assert.True(await node.IsGuardedAsync("client"));

        // Both ways, and not a packet on the wire.
        await using PacketCapture capture = await node.CaptureAsync("ip", "or", "arp");
        using Socket onNode = node.Listen(null);
        using Socket inPod = node.Listen("client");
        Assert.NotNull(await node.ExchangeAsync("client", Gateway, onNode, TimeSpan.FromSeconds(2)));
        Assert.NotNull(await node.ExchangeAsync(null, node.AddressOf("client"), inPod, TimeSpan.FromSeconds(2)));
        IReadOnlyList<CapturedPacket> packets = await capture.StopAsync();
        Assert.DoesNotContain(packets, p => Equals(p.Source?.Address, node.AddressOf("client")));

        CniResult check = await node.Chain.OursAsync("CHECK", node.NetworkOf("client"), "client", "shop", new JsonObject { ["cniVersion"] = "1.0.0" });
        Assert.Equal(100, check.Code);
        (await node.Chain.OursAsync("DEL", node.NetworkOf("client"), "client", "shop", null)).OrFail();

        // The agent comes back: the next attempt goes well, over the guard of the one before.
        await node.StartAsync();
        JsonNode previous = JsonNode.Parse($$"""{"cniVersion":"1.0.0","ips":[{"address":"{{node.AddressOf("client")}}/24"}]}""")!;
        (await node.Chain.OursAsync("ADD", node.NetworkOf("client"), "client", "shop", previous)).OrFail();
        Assert.False(await node.IsGuardedAsync("client"));
        Assert.Null(await node.ExchangeAsync("client", Gateway, onNode, Long));
    }

    [RequiresToolFact(Tools, root: true)]
    public async Task PodOutsideTheMesh_IsLeftAlone_AndItsGuardIsGone()
    {
        await using var node = new CniNode("plain-client");
        await node.StartAsync();
        (await node.Chain.AddAsync(node.NetworkOf("plain-client"), "plain-client", "plain")).OrFail();
        Assert.Equal("", (await node.RulesOfAsync("plain-client")).Trim());
        using Socket onNode = node.Listen(null);
        Assert.Null(await node.ExchangeAsync("plain-client", Gateway, onNode, Long));
    }

    [RequiresToolFact(Tools, root: true)]
    public async Task UnknownPod_IsRefused_AndHeld()
    {
        await using var node = new CniNode("client");
        await node.StartAsync();
        CniResult refused = await node.Chain.AddAsync(node.NetworkOf("client"), "nobody", "shop");
        Assert.Equal(11, refused.Code);
        Assert.Contains("is in no manifest", refused.Output, StringComparison.Ordinal);
        Assert.True(await node.IsGuardedAsync("client"));
    }

    [RequiresToolFact(Tools, root: true)]
    public async Task AddsTogetherAndAgain_ForOnePod_LeaveItWorking()
    {
        await using var node = new CniNode("client");
        await node.StartAsync();
        CniResult before = (await node.Chain.AddForeignAsync(node.NetworkOf("client"), "client", "shop")).OrFail();
        using Socket onNode = node.Listen(null);
        for (int round = 0; round < 3; round++)
        {
            CniResult[] results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => node.Chain.OursAsync("ADD", node.NetworkOf("client"), "client", "shop", before.Json)));
            Assert.All(results, r => r.OrFail());
            await Eventually.TrueAsync(async () => !await node.IsGuardedAsync("client"), Long);
            Assert.Null(await node.ExchangeAsync("client", Gateway, onNode, Long));
        }
    }

    [RequiresToolFact(Tools, root: true)]
    public async Task NamespaceVanishes_AddFails()
    {
        await using var node = new CniNode("client", "other");
        await node.StartAsync();
        CniResult before = (await node.Chain.AddForeignAsync(node.NetworkOf("client"), "client", "shop")).OrFail();
        node.Agent.Process.Signal(ProcessSignal.Stop);
        Task<CniResult> add = node.Chain.OursAsync("ADD", node.NetworkOf("client"), "client", "shop", before.Json);
        await Eventually.TrueAsync(() => node.IsGuardedAsync("client"), Long);
        node.RemoveSandbox("client");
        node.Agent.Process.Signal(ProcessSignal.Continue);
        Assert.Equal(11, (await add).Code);
        Assert.Equal(3, (await node.Chain.OursAsync("ADD", node.NetworkOf("client"), "client", "shop", before.Json)).Code);
        (await node.Chain.OursAsync("DEL", node.NetworkOf("client"), "client", "shop", before.Json)).OrFail();

        // The agent is none the worse.
        (await node.Chain.AddAsync(node.NetworkOf("other"), "other", "shop")).OrFail();
    }
}
