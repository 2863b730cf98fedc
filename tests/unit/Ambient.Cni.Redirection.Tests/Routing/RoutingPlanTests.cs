using System.Net;
using Ambient.Cni.Redirection.Routing;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Routing;

namespace Ambient.Cni.Redirection.Tests.Routing;

public sealed class RoutingPlanTests
{
    private static readonly RedirectionOptions Sockets = new()
    {
        Method = RedirectionMethod.Sockets,
        PodAddresses = [IPAddress.Parse("10.9.1.10"), IPAddress.Parse("fd09:9:1::10")],
    };

    private static readonly Flow Old = new(IPEndPoint.Parse("10.9.1.10:40000"), IPEndPoint.Parse("10.9.2.2:80"));

    [Fact]
    public void Translation_NeedsTheWayBackAlone()
    {
        RoutingPlan plan = RoutingPlan.For(new RedirectionOptions(), RuleFamily.IPv4, capture: true);
        Assert.Equal("fwmark 0x111/0xfff lookup 100 pref 32764", string.Join(' ', Assert.Single(plan.Rules).Words));
        Assert.Equal("local 0.0.0.0/0 dev lo table 100", string.Join(' ', Assert.Single(plan.Routes).Words("-4")));
    }

    [Fact]
    public void Sockets_CapturesLastAndOnlyWhatIsLeft()
    {
        RoutingPlan plan = RoutingPlan.For(Sockets with { Spared = [Old] }, RuleFamily.IPv4, capture: true);
        Assert.Equal(
            [
                "from 10.9.1.10 to 10.9.2.2 iif lo ipproto tcp sport 40000 dport 80 goto 32766 pref 32760",
                "fwmark 0x539/0xfff goto 32766 pref 32761",
                "fwmark 0x112/0xfff goto 32766 pref 32762",
                "iif lo ipproto tcp dport 53 goto 32766 pref 32763",
                "fwmark 0x111/0xfff lookup 100 pref 32764",
                "iif lo ipproto tcp lookup 101 pref 32765",
            ],
            plan.Rules.Select(r => string.Join(' ', r.Words)));
        Assert.Equal("local 0.0.0.0/0 dev lo table 101 src 10.9.1.10", string.Join(' ', plan.Routes[^1].Words("-4")));
        Assert.Equal("local ::/0 dev lo table 101 src fd09:9:1::10", string.Join(' ', RoutingPlan.For(Sockets, RuleFamily.IPv6, capture: true).Routes[^1].Words("-6")));
    }

    [Fact]
    public void BeforeTheRulesAreThere_NothingIsCaptured() =>
        Assert.DoesNotContain(RoutingPlan.For(Sockets, RuleFamily.IPv4, capture: false).Rules, r => r.Target == Sockets.CaptureTable);

    [Fact]
    public void FamilyWithoutAnAddress_IsLeftToTranslation() =>
        Assert.Single(RoutingPlan.For(Sockets with { PodAddresses = [IPAddress.Parse("10.9.1.10")] }, RuleFamily.IPv6, capture: true).Rules);

    [Fact]
    public void Removal_TakesTheCaptureFirst()
    {
        RoutingPlan all = RoutingPlan.Everything(new RedirectionOptions(), RuleFamily.IPv4);
        Assert.Equal(101, all.Rules[0].Target);

        // Whichever mark the rules were made for, they are found again.
        Assert.Empty(RoutingPlan.For(Sockets, RuleFamily.IPv4, capture: true).Rules.Except(all.Rules));
        Assert.Empty(RoutingPlan.For(Sockets.WithSecret(SecretMarks.Next()), RuleFamily.IPv4, capture: true).Rules.Except(all.Rules));
    }

    [Fact]
    public void SecretMark_IsInNoRoutingRule()
    {
        for (int i = 0; i < 100; i++)
        {
            uint mark = SecretMarks.Next();
            Assert.True(SecretMarks.IsSecret(mark));
            RedirectionOptions options = Sockets.WithSecret(mark);
            Assert.Equal(mark, options.ProxyMark.Value);
            Assert.DoesNotContain(RoutingPlan.For(options, RuleFamily.IPv4, capture: true).Rules, r => r.Mark?.Value == mark);
            options.Check();
        }

        Assert.Throws<ArgumentException>(() => Sockets.WithSecret(0x111));
    }

    [Fact]
    public void EveryRule_IsRecognisedAsListedAndAsNoOther()
    {
        IReadOnlyList<RoutingRule> rules = RoutingPlan.For(Sockets with { Spared = [Old] }, RuleFamily.IPv4, capture: true).Rules;
        KernelRule[] listed = [.. rules.Select(r => r.ToKernel(RuleFamily.IPv4))];
        Assert.Equal(listed.Length, listed.Distinct().Count());
        Assert.Equal(rules[0], RoutingPlan.ReadSpared(listed[0], Sockets));
        Assert.All(listed[1..], l => Assert.Null(RoutingPlan.ReadSpared(l, Sockets)));
        Assert.Equal(
            new KernelRule
            {
                Preference = 32760,
                Target = 32766,
                IsJump = true,
                InInterface = "lo",
                Transport = 6,
                Source = IPAddress.Parse("10.9.1.10"),
                Destination = IPAddress.Parse("10.9.2.2"),
                SourcePort = 40000,
                DestinationPort = 80,
            },
            listed[0]);
        Assert.Equal(new KernelRule { Preference = 32764, Target = 100, Mark = 0x111, Mask = 0xfff }, listed[4]);
    }
}
