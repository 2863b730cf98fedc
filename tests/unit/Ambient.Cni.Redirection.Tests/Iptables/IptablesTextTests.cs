using Ambient.Cni.Redirection.Iptables;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Tests.Iptables;

public sealed class IptablesTextTests
{
    private static readonly RuleSet Default = RuleSet.Build(new RedirectionOptions());

    [Fact]
    public void Jump_ThatIsThere_IsNotAddedAgain()
    {
        string text = IptablesText.Render(Default, RuleFamily.IPv4, SavedRules.Parse("*nat\n:PREROUTING ACCEPT [0:0]\n:ISTIO_PRERT - [0:0]\n-A PREROUTING -j ISTIO_PRERT\nCOMMIT\n"));
        string nat = text[text.IndexOf("*nat", StringComparison.Ordinal)..text.IndexOf("*raw", StringComparison.Ordinal)];
        Assert.DoesNotContain("-A PREROUTING", nat, StringComparison.Ordinal);
        Assert.Contains("-A OUTPUT -j ISTIO_OUTPUT", nat, StringComparison.Ordinal);
    }

    [Fact]
    public void Jump_ThatIsThereTwice_IsRemovedOnce()
    {
        string text = IptablesText.Render(Default, RuleFamily.IPv4, SavedRules.Parse("*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j ISTIO_OUTPUT\n-A OUTPUT -p tcp -j ISTIO_OUTPUT\n-A OUTPUT -j ISTIO_OUTPUT\nCOMMIT\n"));
        Assert.Equal(1, text.Split("-D OUTPUT -j ISTIO_OUTPUT\n").Length - 1);

        // One that asks something of the packet is an older version's.
        Assert.Equal(1, text.Split("-D OUTPUT -p tcp -j ISTIO_OUTPUT\n").Length - 1);
    }

    [Fact]
    public void Removal_TakesJumpsOfOlderVersionsFirst_AndNothingThatCannotBeWrittenBack()
    {
        string text = IptablesText.Render(null, RuleFamily.IPv4, SavedRules.Parse("*nat\n:OUTPUT ACCEPT [0:0]\n:ISTIO_OUTPUT - [0:0]\n-A OUTPUT -p tcp -j ISTIO_OUTPUT\n-A OUTPUT -m comment --comment \"a;b\" -j ISTIO_OUTPUT\n-A OUTPUT -p tcp -j KUBE\nCOMMIT\n"));
        Assert.Equal("*nat\n-D OUTPUT -p tcp -j ISTIO_OUTPUT\n-F ISTIO_OUTPUT\n-X ISTIO_OUTPUT\nCOMMIT\n", text);
    }

    [Fact]
    public void RawChains_GoWhenDnsCaptureIsSwitchedOff()
    {
        RuleSet off = RuleSet.Build(new RedirectionOptions { DnsCapture = false });
        string text = IptablesText.Render(off, RuleFamily.IPv4, SavedRules.Parse(IptablesText.Render(Default, RuleFamily.IPv4, SavedRules.Parse(""))));
        string raw = text[text.IndexOf("*raw", StringComparison.Ordinal)..text.IndexOf("*filter", StringComparison.Ordinal)];
        Assert.Equal("*raw\n-D OUTPUT -j ISTIO_OUTPUT\n-D PREROUTING -j ISTIO_PRERT\n-F ISTIO_OUTPUT\n-F ISTIO_PRERT\n-X ISTIO_OUTPUT\n-X ISTIO_PRERT\nCOMMIT\n", raw);
    }

    [Fact]
    [Trait("behaviour", "CNI-186")]
    public void Removal_OfNothing_IsNothing() =>
        Assert.Equal("", IptablesText.Render(null, RuleFamily.IPv4, SavedRules.Parse("*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j ACCEPT\nCOMMIT\n*security\n:ISTIO_X - [0:0]\nCOMMIT\n")));

    [Fact]
    public void Removal_OfForeignLookingNames_TouchesOursAlone()
    {
        string text = IptablesText.Render(null, RuleFamily.IPv4, SavedRules.Parse("*nat\n:KUBE-SERVICES - [0:0]\n:ISTIO_OLD - [0:0]\n:ISTIO_;rm - [0:0]\n-A PREROUTING -j KUBE-SERVICES\n-A OUTPUT -j ISTIO_OLD\nCOMMIT\n"));
        Assert.Equal("*nat\n-D OUTPUT -j ISTIO_OLD\n-F ISTIO_OLD\n-X ISTIO_OLD\nCOMMIT\n", text);
    }

    [Theory]
    [InlineData("-p tcp -m tcp --dport 53 -m comment --comment \"a b\" -j ACCEPT")]
    [InlineData("-p tcp -m multiport --dports 1,2 -j REDIRECT --to-ports 15001")]
    [InlineData("-p tcp -j REDIRECT --to-ports 15001 --random")]
    [InlineData("-p sctp -j ACCEPT")]
    [InlineData("-s 10.0.0.0/8 -j ACCEPT")]
    [InlineData("-j DNAT --to-destination 1.2.3.4")]
    [InlineData("! -p tcp -j ACCEPT")]
    public void Rule_WithWordsTheModelLacks_IsForeign(string text)
    {
        SavedRules saved = SavedRules.Parse("*nat\n-A X " + text + "\n");
        Rule rule = IptablesRuleReader.Read(RuleTable.Nat, RuleHook.Output, RuleFamily.IPv4, Assert.Single(saved.RulesOf("nat", "X")));
        Assert.NotNull(rule.Foreign);
    }

    [Fact]
    public void Saved_RandomText_NeverThrows()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        string[] words = ["*nat", "\n", ":ISTIO_PRERT", "-", "[0:0]", "-A", "PREROUTING", "ISTIO_PRERT", "!", "-p", "tcp", "--dport", "0x5/0x", "--mark", "-m", "mark", "\"", "\\", "-j", "CONNMARK", "--set-xmark", "REDIRECT", "--to-ports", "99999", "COMMIT", "#", " ", "-s", "::1/128"];
        for (int i = 0; i < 5_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => words[random.Next(words.Length)] + (random.Next(3) == 0 ? "" : " ")));
            SavedRules saved = SavedRules.Parse(text);
            foreach ((string table, string chain) in saved.Chains)
            {
                foreach (string[] rule in saved.RulesOf(table, chain))
                {
                    _ = IptablesRuleReader.Read(RuleTable.Nat, RuleHook.Output, RuleFamily.IPv4, rule);
                }
            }

            _ = IptablesText.Render(null, RuleFamily.IPv4, saved);
        }
    }
}
