using System.Net.Sockets;
using Ambient.Cni.Redirection;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Redirection;

/// <summary>Rules that another version of ours, or upstream's agent, left in a pod: replaced while connections are made all the time, of which none goes past the proxy.</summary>
public sealed class OlderRulesTests
{
    // The same redirection in other shapes: other priorities and types, other chains, other tables.
    private const string OtherPriorities = """
        table inet ambient-redirection {
          chain nat-output { type nat hook output priority -90 ; meta l4proto tcp ip daddr != 127.0.0.1 meta mark and 0xfff != 0x539 redirect to :15001 ; }
          chain mangle-output { type filter hook output priority 5 ; }
        }
        """;

    private const string OtherChains = """
        table inet ambient-redirection {
          chain old-nat { type nat hook output priority -100 ; jump old-rules ; }
          chain old-rules { meta l4proto tcp ip daddr != 127.0.0.1 meta mark and 0xfff != 0x539 redirect to :15001 ; }
          set old-set { type ipv4_addr ; elements = { 10.1.2.3 } }
        }
        """;

    private const string Upstream = """
        table inet istio-ambient-nat {
          chain output { type nat hook output priority -100 ; jump istio-output ; }
          chain istio-output { meta l4proto tcp ip daddr != 127.0.0.1/32 mark and 0xfff != 0x539 counter redirect to :15001 ; }
        }
        table inet istio-ambient-mangle {
        }
        """;

    public static TheoryData<string, string> Kinds => new()
    {
        { "other priorities", OtherPriorities },
        { "other chains", OtherChains },
        { "upstream's tables", Upstream },
    };

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [MemberData(nameof(Kinds))]
    public async Task NftablesOfAnOlderVersion_AreReplaced_NoConnectionSlipsThrough(string kind, string rules)
    {
        Assert.NotEmpty(kind);
        await using var f = new RedirectionFixture(RedirectionBackEnd.Nftables, ipv6: false);
        string file = Path.Combine(f.Network.Directory, "old.nft");
        await File.WriteAllTextAsync(file, rules);
        await AssertNoGapAsync(f, ["nft", "-f", file]);
        string left = await f.RulesAsync();
        Assert.DoesNotContain("old-", left, StringComparison.Ordinal);
        Assert.DoesNotContain("istio-ambient", left, StringComparison.Ordinal);
    }

    [RequiresRootTheory("nft, iptables-nft, iptables-legacy")]
    [InlineData("iptables-nft-restore", RedirectionBackEnd.Nftables)]
    [InlineData("iptables-legacy-restore", RedirectionBackEnd.Nftables)]
    [InlineData("iptables-nft-restore", RedirectionBackEnd.IptablesNft)]
    [InlineData("iptables-legacy-restore", RedirectionBackEnd.IptablesLegacy)]
    public async Task ChainsOfAnOlderVersion_AreReplaced_NoConnectionSlipsThrough(string restore, RedirectionBackEnd backEnd)
    {
        await using var f = new RedirectionFixture(backEnd, ipv6: false);
        string file = Path.Combine(f.Network.Directory, "old.rules");
        await File.WriteAllTextAsync(file, """
            *nat
            -N ISTIO_OUTPUT
            -N ISTIO_OLD
            -A OUTPUT -p tcp -j ISTIO_OUTPUT
            -A ISTIO_OUTPUT ! -d 127.0.0.1/32 -p tcp -m mark ! --mark 0x539/0xfff -j ISTIO_OLD
            -A ISTIO_OLD -p tcp -j REDIRECT --to-ports 15001
            COMMIT

            """);
        await AssertNoGapAsync(f, [restore, "--noflush", file]);
        Assert.DoesNotContain("ISTIO_OLD", await f.RulesAsync(), StringComparison.Ordinal);
    }

    private static async Task AssertNoGapAsync(RedirectionFixture f, string[] load)
    {
        using Socket proxy = f.Proxy(15001);

        // Whoever gets past the proxy is accepted here and is seen.
        using Socket server = PodSocket.Listen(f.Peer, f.Any, 80);
        using var done = new CancellationTokenSource();
        int made = 0;
        await f.Network.RunAsync(f.Captured, load[0], load[1..]);
        Task accepting = Task.Run(async () =>
        {
            while (true)
            {
                using Socket inside = await proxy.AcceptAsync(done.Token);
            }
        });
        Task connecting = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                using Socket app = await PodSocket.ConnectAsync(f.Pod, f.C, 80);
                Interlocked.Increment(ref made);
            }
        });
        for (int round = 0; round < 6; round++)
        {
            // Loading adds to what is there: from the second round on both versions are in the pod.
            if (round > 0)
            {
                await f.Network.TryRunAsync(f.Captured, load[0], load[1..]);
            }

            await f.ApplyAsync();
        }

        await done.CancelAsync();
        await connecting;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting);
        Assert.True(made > 6, $"only {made} connections were made");
        Assert.False(server.Poll(0, SelectMode.SelectRead), $"of {made} connections at least one was not redirected");
    }
}
