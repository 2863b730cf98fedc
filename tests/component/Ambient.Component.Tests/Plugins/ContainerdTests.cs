using System.Net;
using Ambient.Rig;
using Ambient.Rig.Containers;
using Ambient.Rig.Containers.Protocol;

namespace Ambient.Component.Tests.Plugins;

/// <summary>A real containerd, told through its CRI what a kubelet would tell it, with our plugin last in its chain.</summary>
public sealed class ContainerdTests
{
    [RequiresRigFact]
    [Trait("behaviour", "CNI-22")]
    public async Task Sandboxes_AreInTheMesh_FromTheirFirstPacket_UntilTheyStop()
    {
        await using ContainerdNode node = await ContainerdNode.StartAsync("client", "server");
        node.WriteModel(("client", IPAddress.Parse("10.9.1.3")), ("server", IPAddress.Parse("10.9.1.2")));
        await node.StartMeshAsync();
        PodSandboxConfig server = ContainerdNode.Pod("server"), client = ContainerdNode.Pod("client");
        string serverId = await node.Node.Cri.RunSandboxAsync(server);
        await node.Node.Cri.StartContainerAsync(serverId, server, ContainerdNode.Image, "/rig", "serve", "9000");
        string clientId = await node.Node.Cri.RunSandboxAsync(client);
        IPAddress serverAddress = await node.Node.Cri.AddressAsync(serverId);
        Assert.Equal(("10.9.1.2", "10.9.1.3"), (serverAddress.ToString(), (await node.Node.Cri.AddressAsync(clientId)).ToString()));
        foreach (string network in await node.NetworksAsync())
        {
            string rules = await node.RulesOfAsync(network);
            Assert.Contains("15001", rules, StringComparison.Ordinal);
            Assert.DoesNotContain("ambient-guard", rules, StringComparison.Ordinal);
        }

        // The container's very first packet goes through the tunnel, with the client's own address at the far end.
        string main = await node.Node.Cri.StartContainerAsync(clientId, client, ContainerdNode.Image, "/rig", "pause");
        ExecSyncReply answer = await node.Node.Cri.RunAsync(main, "/rig", "ask", serverAddress.ToString(), "9000", "word");
        Assert.Equal((0, "server 10.9.1.3 word\n"), (answer.ExitCode, answer.Stdout.ToStringUtf8()));
        string line = await node.Ztunnel.LineAsync("direction=\"inbound\"");
        Assert.Contains("spiffe://cluster.local/ns/shop/sa/client", line, StringComparison.Ordinal);

        foreach (string id in (string[])[clientId, serverId])
        {
            await node.Node.Cri.StopSandboxAsync(id);
            await node.Node.Cri.RemoveSandboxAsync(id);
        }

        Assert.Empty(await node.NetworksAsync());
        Assert.Equal(0, await node.Node.Cri.CountSandboxesAsync());
    }

    [RequiresRigFact]
    [Trait("behaviour", "CNI-23")]
    public async Task AgentAway_SandboxFails_WithOurReason_AndLeavesNothing()
    {
        await using ContainerdNode node = await ContainerdNode.StartAsync("client");
        node.WriteModel(("client", IPAddress.Parse("10.9.1.3")));
        PodSandboxConfig pod = ContainerdNode.Pod("client");
        CriException refused = await Assert.ThrowsAsync<CriException>(() => node.Node.Cri.RunSandboxAsync(pod));
        Assert.Contains("failed to contact node Istio CNI agent: the agent cannot be reached", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("is the node agent's pod running on this node?", refused.Reason, StringComparison.Ordinal);
        Assert.Empty(await node.NetworksAsync());

        // The kubelet's next attempt, with the agent there.
        await node.StartMeshAsync();
        pod.Metadata.Attempt = 1;
        string id = await node.Node.Cri.RunSandboxAsync(pod);
        Assert.Contains("15001", await node.RulesOfAsync((await node.NetworksAsync())[0]), StringComparison.Ordinal);

        // Gone again in the middle of its life: stopping still removes everything.
        await node.Agent.Process.KillAsync();
        await node.Node.Cri.StopSandboxAsync(id);
        await node.Node.Cri.RemoveSandboxAsync(id);
        Assert.Empty(await node.NetworksAsync());
    }

    [RequiresRigFact]
    public async Task SandboxOutsideTheMesh_IsPlain_AndKubeSystemNeedsNoAgent()
    {
        await using ContainerdNode node = await ContainerdNode.StartAsync("plain");
        node.WriteModel();
        string system = await node.Node.Cri.RunSandboxAsync(ContainerdNode.Pod("any", "kube-system"));
        await node.StartMeshAsync();
        string plain = await node.Node.Cri.RunSandboxAsync(ContainerdNode.Pod("plain", "plain"));
        Assert.NotEqual(await node.Node.Cri.AddressAsync(system), await node.Node.Cri.AddressAsync(plain));
        foreach (string network in await node.NetworksAsync())
        {
            Assert.Equal("", (await node.RulesOfAsync(network)).Trim());
        }
    }
}
