using System.Net.Sockets;
using System.Text.Json;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Verification;
using Ambient.Testing.Facts;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Redirection;

/// <summary>Applying, verifying, replacing and removing on a real kernel (cni-and-redirection.md 9.9, cases 176 and 179).</summary>
public sealed class RedirectionLifeTests
{
    public static TheoryData<RedirectionBackEnd> BackEnds => new(Enum.GetValues<RedirectionBackEnd>());

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(BackEnds))]
    [Trait("behaviour", "CNI-175")]
    [Trait("behaviour", "CNI-179")]
    public async Task Apply_Twice_IsTheSameAsOnce(RedirectionBackEnd backEnd)
    {
        await using var f = new RedirectionFixture(backEnd, ipv6: false);
        await f.ApplyAsync();
        string once = await f.RulesAsync();
        await f.ApplyAsync();
        Assert.Equal(once, await f.RulesAsync());
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(BackEnds))]
    [Trait("behaviour", "CNI-176")]
    public async Task Remove_LeavesNothingAndMayBeRepeated(RedirectionBackEnd backEnd)
    {
        await using var f = new RedirectionFixture(backEnd, ipv6: false);
        PodRedirection redirection = f.Redirection();
        await redirection.RemoveAsync(CancellationToken.None);
        await redirection.ApplyAsync(CancellationToken.None);
        await redirection.RemoveAsync(CancellationToken.None);
        await redirection.RemoveAsync(CancellationToken.None);

        string left = await f.RulesAsync();
        Assert.DoesNotContain("ISTIO_", left, StringComparison.Ordinal);
        Assert.DoesNotContain("ambient", left, StringComparison.Ordinal);
        Assert.DoesNotContain("32764", left, StringComparison.Ordinal);
        Assert.DoesNotContain("table 100", left, StringComparison.Ordinal);
        VerificationReport report = await redirection.VerifyAsync(CancellationToken.None);
        Assert.All(report.Differences, d => Assert.Equal(DifferenceKind.Missing, d.Kind));
        Assert.NotEmpty(report.Differences);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(BackEnds))]
    public async Task ForeignRules_SurviveApplyAndRemove(RedirectionBackEnd backEnd)
    {
        await using var f = new RedirectionFixture(backEnd, ipv6: false);
        string[] tools = backEnd == RedirectionBackEnd.IptablesLegacy ? ["iptables-legacy"] : ["iptables-nft"];
        await f.Network.RunAsync(f.Captured, tools[0], "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "4711", "-j", "ACCEPT");
        await f.Network.RunAsync(f.Captured, "nft", "add", "table", "inet", "somebody");
        await f.Network.RunAsync(f.Captured, "ip", "rule", "add", "fwmark", "0x222", "lookup", "100", "pref", "32763");
        await f.ApplyAsync();
        await f.Redirection().RemoveAsync(CancellationToken.None);

        string left = await f.RulesAsync();
        Assert.Contains("--dport 4711", left, StringComparison.Ordinal);
        Assert.Contains("table inet somebody", left, StringComparison.Ordinal);
        Assert.Contains("32763", left, StringComparison.Ordinal);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(BackEnds))]
    public async Task BackEnd_Changed_LeavesOnlyTheNewOne(RedirectionBackEnd backEnd)
    {
        await using var f = new RedirectionFixture(backEnd, ipv6: false);
        foreach (RedirectionBackEnd before in Enum.GetValues<RedirectionBackEnd>())
        {
            await f.Redirection(null, before).ApplyAsync(CancellationToken.None);
            await f.ApplyAsync();
            string rules = await f.RulesAsync();
            Assert.Equal(backEnd == RedirectionBackEnd.Nftables, rules.Contains("ambient-redirection", StringComparison.Ordinal));
            Assert.Equal(backEnd != RedirectionBackEnd.Nftables, rules.Contains("ISTIO_", StringComparison.Ordinal));
        }
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(BackEnds))]
    public async Task Replaced_AgainAndAgain_NoConnectionSlipsThrough(RedirectionBackEnd backEnd)
    {
        await using var f = new RedirectionFixture(backEnd, ipv6: false);
        await f.ApplyAsync();
        using Socket proxy = f.Proxy(15001);

        // Whoever gets through unredirected is accepted here and shows up in the count.
        using Socket server = PodSocket.Listen(f.Peer, f.Any, 80);
        using var done = new CancellationTokenSource();
        int captured = 0;
        Task accepting = Task.Run(async () =>
        {
            while (true)
            {
                using Socket inside = await proxy.AcceptAsync(done.Token);
                captured++;
            }
        });
        int made = 0;
        Task connecting = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                using Socket app = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
                made++;
            }
        });

        for (int round = 0; round < 12; round++)
        {
            await f.Redirection(new RedirectionOptions { DnsCapture = round % 2 == 0, IngressMode = round % 3 == 0, Ipv6 = round % 4 != 0 }).ApplyAsync(CancellationToken.None);
        }

        int seen = made;
        await done.CancelAsync();
        await connecting;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting);
        Assert.True(seen > 12, $"only {seen} connections were made");
        Assert.True(captured > 0);
        Assert.False(server.Poll(0, SelectMode.SelectRead), $"of {made} connections at least one was not redirected");
    }

    [RequiresRootFact]
    public async Task Verify_Nftables_NamesEveryRuleThatIsMissing()
    {
        await using var f = new RedirectionFixture(RedirectionBackEnd.Nftables, ipv6: false);
        PodRedirection redirection = f.Redirection();
        await redirection.ApplyAsync(CancellationToken.None);
        int rules = (await HandlesAsync(f)).Count;
        Assert.Equal(RuleSet.Build(new RedirectionOptions()).Rules.Count, rules);
        for (int i = 0; i < rules; i++)
        {
            await redirection.ApplyAsync(CancellationToken.None);

            // Known to be good, byte by byte: what is missing afterwards is seen all the same.
            await RedirectionFixture.AssertCleanAsync(redirection);
            (string chain, string handle) = (await HandlesAsync(f))[i];
            await f.Network.RunAsync(f.Captured, "nft", "delete", "rule", "inet", "ambient-redirection", chain, "handle", handle);
            Difference difference = Assert.Single((await redirection.VerifyAsync(CancellationToken.None)).Differences);
            Assert.Equal(DifferenceKind.Missing, difference.Kind);
        }

        await redirection.ApplyAsync(CancellationToken.None);
        await RedirectionFixture.AssertCleanAsync(redirection);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [InlineData(RedirectionBackEnd.IptablesNft, "iptables-nft")]
    [InlineData(RedirectionBackEnd.IptablesLegacy, "iptables-legacy")]
    public async Task Verify_Iptables_NamesEveryRuleThatIsMissing(RedirectionBackEnd backEnd, string tool)
    {
        await using var f = new RedirectionFixture(backEnd, ipv6: false);
        PodRedirection redirection = f.Redirection();
        foreach ((string table, string chain, int count) in new[] { ("mangle", "ISTIO_PRERT", 1), ("mangle", "ISTIO_OUTPUT", 1), ("nat", "ISTIO_PRERT", 2), ("nat", "ISTIO_OUTPUT", 6), ("raw", "ISTIO_PRERT", 1), ("raw", "ISTIO_OUTPUT", 1), ("filter", "ISTIO_OUTPUT", 7), ("nat", "OUTPUT", 1) })
        {
            for (int number = 1; number <= count; number++)
            {
                await redirection.ApplyAsync(CancellationToken.None);
                await f.Network.RunAsync(f.Captured, tool, "-t", table, "-D", chain, number.ToString(System.Globalization.CultureInfo.InvariantCulture));
                Difference difference = Assert.Single((await redirection.VerifyAsync(CancellationToken.None)).Differences);
                Assert.Equal(DifferenceKind.Missing, difference.Kind);
            }
        }

        await redirection.ApplyAsync(CancellationToken.None);
        await RedirectionFixture.AssertCleanAsync(redirection);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [InlineData(RedirectionBackEnd.Nftables, DifferenceKind.Unexpected, "nft", "insert", "rule", "inet", "ambient-redirection", "nat-output", "tcp", "dport", "443", "accept")]
    [InlineData(RedirectionBackEnd.Nftables, DifferenceKind.Unexpected, "nft", "add", "chain", "inet", "ambient-redirection", "extra")]
    [InlineData(RedirectionBackEnd.Nftables, DifferenceKind.Missing, "nft", "flush", "chain", "inet", "ambient-redirection", "mangle-output")]
    [InlineData(RedirectionBackEnd.Nftables, DifferenceKind.Missing, "nft", "delete", "table", "inet", "ambient-redirection")]
    [InlineData(RedirectionBackEnd.Nftables, DifferenceKind.Missing, "nft", "chain inet ambient-redirection nat-output { policy drop ; }")]
    [InlineData(RedirectionBackEnd.IptablesNft, DifferenceKind.Unexpected, "iptables-nft", "-t", "nat", "-I", "ISTIO_OUTPUT", "-p", "tcp", "--dport", "443", "-j", "ACCEPT")]
    [InlineData(RedirectionBackEnd.IptablesNft, DifferenceKind.Unexpected, "iptables-nft", "-t", "nat", "-A", "OUTPUT", "-j", "ISTIO_OUTPUT")]
    [InlineData(RedirectionBackEnd.IptablesLegacy, DifferenceKind.Unexpected, "iptables-legacy", "-t", "mangle", "-N", "ISTIO_OLD")]
    [InlineData(RedirectionBackEnd.Nftables, DifferenceKind.Missing, "ip", "rule", "del", "pref", "32764")]
    [InlineData(RedirectionBackEnd.Nftables, DifferenceKind.Missing, "ip", "-6", "rule", "del", "pref", "32764")]
    [InlineData(RedirectionBackEnd.IptablesNft, DifferenceKind.Missing, "ip", "route", "flush", "table", "100")]
    [InlineData(RedirectionBackEnd.IptablesLegacy, DifferenceKind.Missing, "ip", "-6", "route", "flush", "table", "100")]
    public async Task Verify_AfterInterference_SaysSoAndApplyRepairs(RedirectionBackEnd backEnd, DifferenceKind kind, params string[] interference)
    {
        await using var f = new RedirectionFixture(backEnd, ipv6: false);
        PodRedirection redirection = f.Redirection();
        await redirection.ApplyAsync(CancellationToken.None);
        await RedirectionFixture.AssertCleanAsync(redirection);
        await RedirectionFixture.AssertCleanAsync(redirection);
        await f.Network.RunAsync(f.Captured, interference[0], interference[1..]);

        VerificationReport report = await redirection.VerifyAsync(CancellationToken.None);
        Assert.NotEmpty(report.Differences);
        Assert.All(report.Differences, d => Assert.Equal(kind, d.Kind));

        await redirection.ApplyAsync(CancellationToken.None);
        await RedirectionFixture.AssertCleanAsync(redirection);
    }

    [RequiresRootFact]
    public async Task UpstreamsTables_AreReplacedInTheSameStep()
    {
        await using var f = new RedirectionFixture(RedirectionBackEnd.Nftables, ipv6: false);
        foreach (string table in new[] { "istio-ambient-nat", "istio-ambient-mangle", "istio-ambient-raw" })
        {
            await f.Network.RunAsync(f.Captured, "nft", "add", "table", "inet", table);
        }

        PodRedirection redirection = f.Redirection();
        Assert.Equal(3, (await redirection.VerifyAsync(CancellationToken.None)).Differences.Count(d => d.Kind == DifferenceKind.Unexpected));
        await redirection.ApplyAsync(CancellationToken.None);
        await RedirectionFixture.AssertCleanAsync(redirection);
    }

    [RequiresRootFact]
    public async Task Namespace_WithoutIpv6OnLoopback_GetsIpv4RoutingAlone()
    {
        await using var f = new RedirectionFixture(RedirectionBackEnd.Nftables, ipv6: false);
        Topology.Networks.KernelSetting.Write(f.Pod, "net/ipv6/conf/lo/disable_ipv6", "1");
        await f.ApplyAsync();
        Assert.DoesNotContain("32764", await f.Network.RunAsync(f.Captured, "ip", "-6", "rule"), StringComparison.Ordinal);
    }

    private static async Task<List<(string Chain, string Handle)>> HandlesAsync(RedirectionFixture f)
    {
        CommandResult listed = await f.Network.TryRunAsync(f.Captured, "nft", "-j", "list", "table", "inet", "ambient-redirection");
        using JsonDocument document = JsonDocument.Parse(listed.OrThrow().Output);
        return [.. document.RootElement.GetProperty("nftables").EnumerateArray()
            .Where(e => e.TryGetProperty("rule", out _))
            .Select(e => (e.GetProperty("rule").GetProperty("chain").GetString()!, e.GetProperty("rule").GetProperty("handle").GetRawText()))];
    }
}
