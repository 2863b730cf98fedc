using Ambient.Dns.Resolving;
using Ambient.Dns.Upstreams;

namespace Ambient.Dns.Tests.Resolving;

public sealed class SearchListTests
{
    [Theory]
    [InlineData("db", "db.ns.svc.cluster.local db.cluster.local db")]
    [InlineData("api.example.com", "api.example.com.ns.svc.cluster.local api.example.com.cluster.local api.example.com")]
    [InlineData("a.b.c.d.e.example", "a.b.c.d.e.example a.b.c.d.e.example.ns.svc.cluster.local a.b.c.d.e.example.cluster.local")]
    [InlineData("api.example.com.", "api.example.com")]
    public void Names_AreLookedForInTheOrderOfResolvConf(string name, string expected)
    {
        Assert.True(ResolverConfiguration.TryParse("nameserver 1.1.1.1\nsearch ns.svc.cluster.local cluster.local\noptions ndots:5", out ResolverConfiguration? configuration, out _));
        Assert.Equal(expected.Split(' '), SearchList.Of(name, configuration));
    }

    [Fact]
    public void WithoutASearchList_ItIsTheNameAlone()
    {
        Assert.True(ResolverConfiguration.TryParse("nameserver 1.1.1.1", out ResolverConfiguration? configuration, out _));
        Assert.Equal(["db"], SearchList.Of("db", configuration));
    }
}
