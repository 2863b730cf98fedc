using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Observation;
using Ambient.Mesh.Identities;
using Ambient.Xds.Server.Serving;
using Ambient.Xds.Server.Sessions;

namespace Ambient.ControlPlane.Tests.Observation;

/// <summary>What node proxies refuse, and how seldom that is news.</summary>
public sealed class PolicyRefusalsTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddYears(50);
    private readonly PolicyRefusals _refusals = new(MeshIndex.PolicyType, ["istio-system/ztunnel"]);

    [Fact]
    public void WhatOneRefuses_IsSaidOnce_HoweverManyFollow_AndUntilNobodyDoes()
    {
        IReadOnlyDictionary<string, string>? first = _refusals.Look([Client("n1", "shop/p", "bad port"), Client("n2")], Start);
        Assert.Equal("refused by ztunnel, which keeps what it had of it; the one of node n1 says: bad port", Assert.Single(first!).Value);
        Assert.Null(_refusals.Look([Client("n0", "shop/p", "other words"), Client("n1", "shop/p", "bad port"), Client("n2", "shop/p", "bad port")], Start));

        // The one that is quoted accepts it now, others do not.
        Assert.Contains("node n0 says: other words", _refusals.Look([Client("n0", "shop/p", "other words"), Client("n1")], Start)!["shop/p"], StringComparison.Ordinal);
        Assert.Empty(_refusals.Look([Client("n0"), Client("n1")], Start)!);
        Assert.Null(_refusals.Look([Client("n0"), Client("n1")], Start));
    }

    /// <summary>Who connects anew says it again; that is no reason to write twice.</summary>
    [Fact]
    public void ProxyThatIsAway_HasRefused_ForAMinute()
    {
        Assert.NotNull(_refusals.Look([Client("n1", "shop/p", "bad port")], Start));
        Assert.Null(_refusals.Look([], Start.AddSeconds(50)));
        Assert.Null(_refusals.Look([Client("n1", "shop/p", "bad port")], Start.AddSeconds(55)));
        Assert.Null(_refusals.Look([Client("n2", "shop/p", "bad port")], Start.AddSeconds(110)));
        Assert.Contains("node n2", _refusals.Look([Client("n2", "shop/p", "bad port")], Start.AddSeconds(116))!["shop/p"], StringComparison.Ordinal);
        Assert.Null(_refusals.Look([], Start.AddSeconds(170)));
        Assert.Empty(_refusals.Look([], Start.AddSeconds(177))!);
    }

    /// <summary>Anybody with an account may open a stream; only node proxies enforce.</summary>
    [Fact]
    public void OnlyNodeProxiesCount_AndOnlyPolicies_AndNotMoreThanSoMany()
    {
        XdsClientStatus stranger = Client("n1", "shop/p", "lies") with { Identities = [new SpiffeId("cluster.local", "shop", "ztunnel")] };
        XdsClientStatus addresses = Client("n1") with { Types = [new XdsTypeStatus(MeshIndex.AddressType, true, 1, 1, 0, "x") { Refused = [KeyValuePair.Create("shop/p", "x")] }] };
        Assert.Null(_refusals.Look([stranger, addresses], Start));
        XdsClientStatus[] many = [.. Enumerable.Range(0, PolicyRefusals.Most + 10).Select(static i => Client("n" + i, "shop/p" + i, "r"))];
        Assert.Equal(PolicyRefusals.Most, _refusals.Look(many, Start)!.Count);
    }

    private static XdsClientStatus Client(string node, string? refused = null, string reason = "") => new("ztunnel~" + node, node, "", Start, [Policies(refused, reason)])
    {
        Identities = [new SpiffeId("cluster.local", "istio-system", "ztunnel")],
    };

    private static XdsTypeStatus Policies(string? refused, string reason) => new(MeshIndex.PolicyType, true, 1, 1, 0, null)
    {
        Refused = refused is null ? [] : [KeyValuePair.Create(refused, reason)],
    };
}
