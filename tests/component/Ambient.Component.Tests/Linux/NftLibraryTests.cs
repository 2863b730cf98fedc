using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Linux;

/// <summary>The nft library inside this process, asked by many threads at once.</summary>
public sealed class NftLibraryTests
{
    private const string Add = "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c iif lo meta mark 0x539 tcp dport 80 accept";

    [RequiresToolFact("nft", root: true)]
    public void ManyThreads_EachSeesItsOwnNamespace()
    {
        const int Threads = 6, Rounds = 40;
        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, _ =>
        {
            using NetworkNamespace network = NetworkNamespace.Create();
            for (int i = 0; i < Rounds; i++)
            {
                Succeed(network, Add);
                Assert.Contains("tcp dport 80 accept", Succeed(network, "list ruleset"), StringComparison.Ordinal);
                Succeed(network, "delete table inet t");
                Assert.Equal("", Succeed(network, "list ruleset"));
            }
        });
    }

    private static string Succeed(NetworkNamespace network, string commands)
    {
        NftOutcome outcome = NftLibrary.Run(network, commands, json: false);
        Assert.True(outcome.Succeeded, outcome.Errors);
        return outcome.Output;
    }
}
