using Ambient.Protocol.L7;
using Ambient.Routing.Limits;

namespace Ambient.Routing.Tests.Limits;

/// <summary>Which requests rules of limits count.</summary>
public sealed class LimitConditionTests
{
    private static readonly string[] Domains = ["cluster.local", "old.local"];

    [Fact]
    public void WithoutConditions_EveryRequestIsCounted() => Assert.True(Compile(new LimitRule()).Matches(Requests.Of("GET /")));

    [Fact]
    public void Alternatives_AreAny_AndWithinOneEverythingMustHold()
    {
        LimitCondition condition = Compile(new LimitRule
        {
            Matches =
            {
                new LimitMatch { Request = new HttpMatch { Path = new PathMatch { SegmentPrefix = "/api" }, Method = new TextMatch { Exact = "POST" } }, Source = new AccessSource { Namespaces = { "apps" } } },
                new LimitMatch { Request = Requests.Header("x-tier", "exact", "free") },
            },
        });
        Assert.True(condition.Matches(Requests.Of("POST /api/a")));
        Assert.False(condition.Matches(Requests.Of("GET /api/a")));
        Assert.False(condition.Matches(Requests.Of("POST /apis")));
        Assert.True(condition.Matches(Requests.Of("GET /", ("x-tier", "free"))));
        Assert.False(condition.Matches(Requests.Of("GET /", ("x-tier", "paid"))));
    }

    [Theory]
    [InlineData("cluster.local/ns/apps/sa/client", true)]
    [InlineData("old.local/ns/apps/sa/client", true)]
    [InlineData("cluster.local/ns/apps/sa/other", false)]
    [InlineData("cluster.local/ns/apps/*", true)]
    public void Callers_AreNamed_AsPoliciesNameThem(string principal, bool isCounted) =>
        Assert.Equal(isCounted, Compile(new LimitRule { Matches = { new LimitMatch { Source = new AccessSource { Principals = { principal } } } } }).Matches(Requests.Of("GET /")));

    [Fact]
    public void WhatCannotBeJudged_IsNoCondition()
    {
        Assert.False(LimitCondition.TryCompile(new LimitRule { Matches = { new LimitMatch { Source = new AccessSource { IpBlocks = { "nowhere" } } } } }, Domains, "apps", out _, out string? error));
        Assert.Contains("'nowhere' is neither an address nor a range", error, StringComparison.Ordinal);
        Assert.False(LimitCondition.TryCompile(new LimitRule { Matches = { new LimitMatch { Request = Requests.Path("regex", "(") } } }, Domains, "apps", out _, out error));
        Assert.StartsWith("path: ", error, StringComparison.Ordinal);
    }

    private static LimitCondition Compile(LimitRule rule)
    {
        Assert.True(LimitCondition.TryCompile(rule, Domains, "apps", out LimitCondition? compiled, out string? error), error);
        return compiled;
    }
}
