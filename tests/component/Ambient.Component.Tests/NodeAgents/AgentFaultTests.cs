using System.Net.Sockets;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>Nodes on which something is missing, full or taken: pods are held and the reason is told, or they join all the same.</summary>
public sealed class AgentFaultTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [RequiresToolFact("nft, unshare", root: true)]
    public async Task FullDisk_PodIsHeld_AndJoinsWhenThereIsRoom()
    {
        await using AgentNode node = await AgentNode.PrepareAsync("translation", [], "late");
        string run = Path.Combine(node.Directory, "run");
        Directory.CreateDirectory(run);
        node.Prelude = $"mount -t tmpfs -o size=64k tmpfs {run}";
        node.StartAgent();
        await node.UntilAsync(node.Client, proven: true);
        await node.UntilAsync(node.Server, proven: true);
        string filler = $"/proc/{node.Agent.Process.Id}/root{run}/filler";
        using (var file = new FileStream(filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            Assert.Throws<IOException>(() =>
            {
                for (int page = 0; page < 1024; page++)
                {
                    file.Write(new byte[4096]);
                }
            });
        }

        // What cannot be written down is not touched: after a restart nobody would know of it.
        VirtualPod late = node.Pod("late");
        node.List(late, true);
        await node.ReportedAsync(late, "run directory cannot be written");
        Assert.DoesNotContain("15001", await node.RulesOfAsync(late), StringComparison.Ordinal);
        using Socket listener = AgentNode.Listen(node.Server);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        File.Delete(filler);
        await node.UntilAsync(late, proven: true);
    }

    /// <summary>Container runtimes make /proc/sys read-only, and the switches that redirection by sockets needs are behind it.</summary>
    [RequiresToolFact("nft, unshare", root: true)]
    public async Task ReadOnlyProcSys_AsInAContainer_PodsJoinBySockets()
    {
        await using AgentNode node = await AgentNode.PrepareAsync("sockets", []);
        node.Prelude = "mount --bind /proc/sys /proc/sys\nmount -o remount,ro,bind /proc/sys\nif (echo 1 > /proc/sys/net/ipv4/tcp_fwmark_accept) 2> /dev/null; then exit 9; fi";
        node.StartAgent();
        await node.UntilAsync(node.Client, proven: true);
        await node.UntilAsync(node.Server, proven: true);
        using Socket listener = AgentNode.Listen(node.Server);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
    }

    [RequiresToolFact("nft, unshare", root: true)]
    public async Task WithoutIptablesAndNft_PodsJoin_BecauseNftsLibraryIsEnough()
    {
        await using AgentNode node = await AgentNode.PrepareAsync("translation", []);
        node.Prelude = Toolbox(node);
        node.StartAgent();
        await node.UntilAsync(node.Client, proven: true);
        await node.UntilAsync(node.Server, proven: true);
        using Socket listener = AgentNode.Listen(node.Server);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        await node.Ztunnel.LineAsync("direction=\"inbound\"");
        node.Label(false);
        await node.UntilAsync(node.Client, proven: false);
        Assert.DoesNotContain("table", await node.RulesOfAsync(node.Client), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft, unshare", root: true)]
    public async Task WithoutIptables_NodeThatIsToUseIt_SaysSo_AndPodsAreNotTouched()
    {
        await using AgentNode node = await AgentNode.PrepareAsync("translation", new Dictionary<string, string> { ["AMBIENT_BACKEND"] = "iptables-nft" });
        node.Prelude = Toolbox(node, "nsenter");
        node.StartAgent();
        await node.ReportedAsync(node.Client, "iptables");
        await node.ReportedAsync(node.Client, "not installed");
        Assert.Equal("", (await node.RulesOfAsync(node.Client)).Trim());
    }

    [RequiresRootTheory("nft, unshare, nsenter, iptables-nft")]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("behaviour", "CNI-178")]
    public async Task WithoutIp6tables_PodsJoin_UnlessTheNodeWantsIpv6(bool ipv6)
    {
        await using AgentNode node = await AgentNode.PrepareAsync("translation", new Dictionary<string, string> { ["AMBIENT_BACKEND"] = "iptables-nft", ["AMBIENT_IPV6"] = ipv6 ? "true" : "false" });
        node.Prelude = Toolbox(node, "nsenter", "iptables-nft-save", "iptables-nft-restore");
        node.StartAgent();
        if (ipv6)
        {
            await node.ReportedAsync(node.Client, "ip6tables-nft-save (or nsenter, of util-linux) is not installed");
            return;
        }

        await node.UntilAsync(node.Client, proven: true);
    }

    [RequiresToolFact("nft, unshare", root: true)]
    public async Task WithoutNftAndItsLibrary_NodeSaysSo_AndPodsAreNotTouched_UntilItIsThere()
    {
        const string hideLibrary = "for file in /usr/lib/*/libnftables.so.1* /lib/*/libnftables.so.1*; do [ ! -e \"$file\" ] || mount --bind /dev/null \"$file\"; done\n";
        await using AgentNode node = await AgentNode.PrepareAsync("translation", []);
        node.Prelude = hideLibrary + Toolbox(node, "nsenter");
        node.StartAgent();
        await node.ReportedAsync(node.Client, "nft");
        await node.ReportedAsync(node.Client, "not installed");
        Assert.Equal("", (await node.RulesOfAsync(node.Client)).Trim());

        await node.Agent.Process.KillAsync();
        node.Prelude = Toolbox(node, "nsenter", "nft");
        node.StartAgent();
        await node.UntilAsync(node.Client, proven: true);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task WithoutIpv6_PodsJoin_AlsoWhenTheNodeWantsIt()
    {
        await using AgentNode node = await AgentNode.PrepareAsync("translation", new Dictionary<string, string> { ["AMBIENT_IPV6"] = "true" });
        foreach (VirtualPod pod in (VirtualPod[])[node.Client, node.Server])
        {
            foreach (string name in (string[])["all", "default", "lo"])
            {
                KernelSetting.Write(pod.Namespace, $"net/ipv6/conf/{name}/disable_ipv6", "1");
            }
        }

        node.StartAgent();
        await node.UntilAsync(node.Client, proven: true);
        await node.UntilAsync(node.Server, proven: true);
        using Socket listener = AgentNode.Listen(node.Server);
        Assert.Null(await AgentNode.ExchangeAsync(node.Client, node.Server, listener));
        await node.Ztunnel.LineAsync("direction=\"inbound\"");
    }

    [RequiresToolFact("nft", root: true)]
    public async Task ForeignProcessOnTheProxysPort_PodIsNotSaidToBeInTheMesh_UntilThePortIsFree()
    {
        await using AgentNode node = await AgentNode.StartAsync("translation", [], "late");
        VirtualPod late = node.Pod("late");
        using (Socket squatter = late.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)))
        {
            squatter.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Any, 15008));
            squatter.Listen();
            node.List(late, true);
            await node.ReportedAsync(late, "ztunnel refused it");
            Assert.DoesNotContain("15001", await node.RulesOfAsync(late), StringComparison.Ordinal);
        }

        await node.UntilAsync(late, proven: true);
        await Eventually.TrueAsync(async () => (await node.RulesOfAsync(late)).Contains("15001", StringComparison.Ordinal), Patience);
    }

    /// <summary>Leaves the agent these programs alone.</summary>
    private static string Toolbox(AgentNode node, params string[] programs)
    {
        string folder = Path.Combine(node.Directory, "toolbox-" + string.Join('-', programs));
        return $"mkdir -p {folder}\n" + string.Concat(programs.Select(p => $"ln -sf \"$(command -v {p})\" {folder}/{p}\n")) + $"export PATH={folder}";
    }
}
