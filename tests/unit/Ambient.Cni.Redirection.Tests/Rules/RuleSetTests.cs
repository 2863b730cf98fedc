using System.Net;
using Ambient.Cni.Redirection.Iptables;
using Ambient.Cni.Redirection.Nftables;
using Ambient.Cni.Redirection.Rules;
using Ambient.Testing.Goldens;

namespace Ambient.Cni.Redirection.Tests.Rules;

public sealed class RuleSetTests
{
    public static TheoryData<string> Names => new(Variants.All.Keys);

    /// <summary>The iptables back ends know translation alone.</summary>
    public static TheoryData<string> TranslationNames => new(Variants.All.Where(v => v.Value.Method == RedirectionMethod.Translation).Select(v => v.Key));

    [Theory]
    [MemberData(nameof(Names))]
    public void Variant_AsNftText_IsWhatItWas(string name) =>
        Golden.Match(name + ".nft", NftText.Render(RuleSet.Build(Variants.All[name]), [], rebuild: false));

    [Theory]
    [MemberData(nameof(TranslationNames))]
    public void Variant_AsIptablesText_IsWhatItWas(string name)
    {
        RuleSet set = RuleSet.Build(Variants.All[name]);
        SavedRules empty = SavedRules.Parse("");
        string text = IptablesText.Render(set, RuleFamily.IPv4, empty);
        if (set.Options.Ipv6)
        {
            text += "# ip6tables\n" + IptablesText.Render(set, RuleFamily.IPv6, empty);
        }

        Golden.Match(name + ".iptables", text);
    }

    [Theory]
    [MemberData(nameof(TranslationNames))]
    public void Variant_WrittenForIptablesAndReadBack_IsTheSame(string name)
    {
        RuleSet set = RuleSet.Build(Variants.All[name]);
        foreach (RuleFamily family in set.Options.Ipv6 ? new[] { RuleFamily.IPv4, RuleFamily.IPv6 } : [RuleFamily.IPv4])
        {
            SavedRules saved = SavedRules.Parse(IptablesText.Render(set, family, SavedRules.Parse("")));
            foreach ((RuleTable table, RuleHook hook) in NftNames.Chains)
            {
                Rule[] expected = [.. set.In(table, hook, family).Select(r => r with { Family = family })];
                Rule[] read = [.. saved.RulesOf(IptablesNames.TableOf(table), IptablesNames.ChainOf(hook)).Select(w => IptablesRuleReader.Read(table, hook, family, w))];
                Assert.Equal(expected, read);
            }
        }
    }

    [Fact]
    [Trait("behaviour", "CNI-180")]
    public void FiftyPodsAtOnce_GetTheirOwnTexts()
    {
        string[] one = [.. Enumerable.Range(0, 50).Select(Text)];
        string[] together = new string[50];
        Parallel.For(0, 50, i => together[i] = Text(i));
        Assert.Equal(one, together);
        Assert.True(one.Distinct().Count() > 4);
        static string Text(int i) => NftText.Render(RuleSet.Build(new RedirectionOptions { DnsCapture = i % 2 == 0, IngressMode = i % 3 == 0, Ipv6 = i % 5 != 0 }), [], rebuild: false);
    }

    [Fact]
    public void ProbeAddress_IsAcceptedBeforeAnythingIsRedirected()
    {
        IReadOnlyList<Rule> rules = RuleSet.Build(new RedirectionOptions()).In(RuleTable.Nat, RuleHook.Prerouting);
        int redirect = rules.ToList().FindIndex(r => r.Action.Kind == RuleActionKind.Redirect);
        Assert.All(rules.Take(redirect), r => Assert.Equal(RuleActionKind.Accept, r.Action.Kind));
        Assert.Equal(2, redirect);
    }

    [Fact]
    public void EveryRedirect_SparesTheProxyItself()
    {
        foreach (RedirectionOptions options in Variants.All.Values)
        {
            foreach (Rule rule in RuleSet.Build(options).Rules.Where(r => r.Action.Kind == RuleActionKind.Redirect && r.InInterface is null))
            {
                Assert.Equal(new Match<MaskedMark>(rule.Hook == RuleHook.Prerouting ? options.SeenMark : options.ProxyMark, Negated: true), rule.Mark);
            }
        }
    }

    /// <summary>Whoever is in the way is let out for a reason; whoever is left is TCP that has none.</summary>
    [Fact]
    public void Exit_EndsWithDroppingTcp_AndLetsNoTcpOutByAMarkThatCanBeRead()
    {
        foreach (RedirectionOptions options in Variants.All.Values)
        {
            Rule[] exit = [.. RuleSet.Build(options).In(RuleTable.Filter, RuleHook.Output, RuleFamily.IPv4)];
            Assert.Equal(RuleAction.Drop, exit[^1].Action);
            Assert.Equal(Transport.Tcp, exit[^1].Transport);
            Assert.Single(exit, r => r.Mark is not null && r.Action.Kind == RuleActionKind.Return && r.Mark.Value == options.SeenMark);
            Assert.Equal(options.HideMark ? 2 : 0, exit.Count(r => r.Action.Kind == RuleActionKind.SetMark && r.Action.Mark.Mask == uint.MaxValue));
            Assert.All(exit[..^1].Where(r => r.Transport == Transport.Tcp), r => Assert.True(r.State is not null || r.BareReset || r.Destination is not null));
        }
    }

    [Fact]
    public void Sockets_FromOutside_EndAtTheProxyOrNowhere()
    {
        foreach (RedirectionOptions options in Variants.All.Values.Where(o => o.Method == RedirectionMethod.Sockets && !o.IngressMode))
        {
            Rule[] rules = [.. RuleSet.Build(options).In(RuleTable.Mangle, RuleHook.Prerouting, RuleFamily.IPv4).Where(r => r.InInterface is { Negated: true })];
            Assert.Equal(RuleActionKind.Reset, rules[^1].Action.Kind);
            Assert.Equal(RuleAction.TransparentTo(options.Ports.Inbound), rules[^2].Action);

            // Only HBONE and the node's probes are let through before that.
            Assert.All(rules[..^2], r => Assert.True(r.Action.Kind == RuleActionKind.SetMark || r.Source is not null || r.DestinationPort is { Value: 15008, Negated: false }));
        }
    }

    [Fact]
    public void WithoutIpv6_NoRuleTouchesIpv6()
    {
        foreach (RedirectionOptions options in Variants.All.Values.Where(o => !o.Ipv6))
        {
            Assert.All(RuleSet.Build(options).Rules, r => Assert.Equal(RuleFamily.IPv4, r.Family));
        }
    }

    [Fact]
    public void Options_ThatCannotWork_AreRefusedByName()
    {
        RedirectionOptions good = new();
        Refused(good with { ProxyMark = new MaskedMark(0x1539, 0xfff) }, "ProxyMark");
        Refused(good with { ReturnMark = new MaskedMark(0, 0xfff) }, "ReturnMark");
        Refused(good with { ReturnMark = good.ProxyMark }, "differ");
        Refused(good with { Ports = new RedirectionPorts { Dns = 15001 } }, "Ports");
        Refused(good with { Ports = new RedirectionPorts { Inbound = 0 } }, "Ports");
        Refused(good with { ProbeAddress = IPAddress.IPv6Loopback }, "ProbeAddress");
        Refused(good with { ProbeAddressV6 = IPAddress.Parse("fe80::1%3") }, "ProbeAddressV6");
        Refused(good with { RoutingTable = 254 }, "RoutingTable");
        Refused(good with { RulePreference = 32766 }, "RulePreference");

        RedirectionOptions sockets = good with { Method = RedirectionMethod.Sockets, PodAddresses = [IPAddress.Parse("10.9.1.10")] };
        Assert.NotEmpty(RuleSet.Build(sockets).Rules);
        Refused(sockets with { PodAddresses = [] }, "PodAddresses");
        Refused(sockets with { DirectMark = sockets.ProxyMark }, "differ");
        Refused(sockets with { DirectMark = new MaskedMark(0x1112, 0xfff) }, "DirectMark");
        Refused(sockets with { CaptureTable = sockets.RoutingTable }, "CaptureTable");
        Refused(sockets with { PodAddresses = [IPAddress.Parse("fe80::1%3")] }, "PodAddresses");
        Refused(good with { Spared = [new Flow(IPEndPoint.Parse("10.9.1.10:1"), IPEndPoint.Parse("10.9.2.2:80"))] }, "Spared");
    }

    private static void Refused(RedirectionOptions options, string word) =>
        Assert.Contains(word, Assert.Throws<ArgumentException>(() => RuleSet.Build(options)).Message, StringComparison.Ordinal);
}
