using System.Net;
using Ambient.Cni.Agent.Probes;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>The node's rules for the kubelet's probes on a real kernel: desired state, whatever is found.</summary>
public sealed class ProbeRulesTests
{
    private static readonly IPAddress Source = IPAddress.Parse("169.254.7.127"), SourceV6 = IPAddress.Parse("fd16::1");

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "CNI-134")]
    [Trait("behaviour", "CNI-138")]
    [Trait("behaviour", "CNI-177")]
    public async Task Table_IsWhatPodsNeed_ForeignEntriesGo_AndTheSameTwiceIsTheSame()
    {
        await using var network = new TestNetwork();
        VirtualPod node = network.AddPod("node");
        using var rules = new NodeProbeRules(node.Namespace, 0, Source, SourceV6);

        // Until all pods are known, what an agent before us let in stays.
        await network.RunAsync(node, "nft", "add table inet ambient-probes; add set inet ambient-probes probes-v4 { type ipv4_addr . inet_service; }; add element inet ambient-probes probes-v4 { 6.6.6.6 . 80 }");
        Assert.Null(await rules.AdmitAsync("u", [IPAddress.Parse("10.0.0.2"), IPAddress.Parse("fd00::2")], [8080], CancellationToken.None));
        Assert.Contains("6.6.6.6", await ListAsync(network, node), StringComparison.Ordinal);
        Assert.Null(await rules.SettleAsync(CancellationToken.None));
        string settled = await ListAsync(network, node);
        Assert.DoesNotContain("6.6.6.6", settled, StringComparison.Ordinal);
        Assert.Contains("10.0.0.2 . 8080", settled, StringComparison.Ordinal);
        Assert.Contains("fd00::2 . 8080", settled, StringComparison.Ordinal);

        // Who is not there is withdrawn without a word; the next agent writes the same.
        Assert.Null(await rules.WithdrawAsync("nobody", CancellationToken.None));
        using var next = new NodeProbeRules(node.Namespace, 0, Source, SourceV6);
        Assert.Null(await next.AdmitAsync("u", [IPAddress.Parse("10.0.0.2"), IPAddress.Parse("fd00::2")], [8080], CancellationToken.None));
        Assert.Null(await next.SettleAsync(CancellationToken.None));
        Assert.Equal(settled, await ListAsync(network, node));

        // As it was written: nothing is written again, so what was counted stays.
        string handles = await network.RunAsync(node, "nft", "-s", "-a", "list", "table", "inet", "ambient-probes");
        Assert.Null(await next.RepairAsync(CancellationToken.None));
        Assert.Equal(handles, await network.RunAsync(node, "nft", "-s", "-a", "list", "table", "inet", "ambient-probes"));

        // Changed by somebody, in whatever way: there again at the next look. With the last pod the addresses go.
        foreach (string harm in (string[])["flush ruleset", "flush set inet ambient-probes probes-v6", "delete rule inet ambient-probes postrouting handle", "add rule inet ambient-probes postrouting accept", "add element inet ambient-probes probes-v4 { 6.6.6.6 . 80 }"])
        {
            string listing = await network.RunAsync(node, "nft", "-a", "list", "table", "inet", "ambient-probes");
            string handle = listing.Split('\n').Single(l => l.Contains("snat ip6 to", StringComparison.Ordinal)).Split(' ')[^1];
            await network.RunAsync(node, "nft", harm.EndsWith("handle", StringComparison.Ordinal) ? harm + " " + handle : harm);
            Assert.NotEqual(settled, await ListOrNothingAsync(network, node));
            Assert.Null(await next.RepairAsync(CancellationToken.None));
            Assert.Equal(settled, await ListAsync(network, node));
        }

        Assert.Null(await next.WithdrawAsync("u", CancellationToken.None));
        Assert.DoesNotContain("elements", await ListAsync(network, node), StringComparison.Ordinal);
    }

    private static async Task<string> ListOrNothingAsync(TestNetwork network, VirtualPod node) =>
        (await network.RunAsync(node, "nft", "list", "tables")).Contains("ambient-probes", StringComparison.Ordinal) ? await ListAsync(network, node) : "";

    private static Task<string> ListAsync(TestNetwork network, VirtualPod node) => network.RunAsync(node, "nft", "-s", "list", "table", "inet", "ambient-probes");
}
