using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Authority.Nodes;
using Ambient.Mesh.Identities;

namespace Ambient.ControlPlane.Authority.Tests.Nodes;

public sealed class NodeAuthorizationTests
{
    private static readonly NodeAuthorization Rules = new(["istio-system/ztunnel"], ["cluster.local", "old.local"]);
    private readonly PodIndex _pods = new();

    public NodeAuthorizationTests()
    {
        _pods.Set("c1", new PodFact("istio-system", "zt-1", "uid-1", "ztunnel", "n1", false));
        _pods.Set("c1", new PodFact("shop", "cart-1", "u2", "cart", "n1", false));
        _pods.Set("c1", new PodFact("shop", "web-1", "u3", "web", "n2", false));
        _pods.Set("c1", new PodFact("shop", "dead", "u4", "dead", "n1", true));
        _pods.Set("c2", new PodFact("shop", "far-1", "u5", "far", "n1", false));
    }

    [Fact]
    [Trait("behaviour", "CP-192")]
    [Trait("behaviour", "CP-193")]
    public void OnlyPodsOfTheOwnNode()
    {
        Assert.Null(Refusal(Make.NodeProxy, Make.Cart));
        Assert.Null(Refusal(Make.NodeProxy, new SpiffeId("old.local", "shop", "cart")));
        Assert.Contains("no pod of shop/web runs on the caller's node n1", Refusal(Make.NodeProxy, Id("web")), StringComparison.Ordinal);
        Assert.Contains("no pod of shop/dead", Refusal(Make.NodeProxy, Id("dead")), StringComparison.Ordinal);
        Assert.Contains("no pod of shop/far", Refusal(Make.NodeProxy, Id("far")), StringComparison.Ordinal);
        Assert.Contains("another trust domain", Refusal(Make.NodeProxy, new SpiffeId("foreign", "shop", "cart")), StringComparison.Ordinal);
        Assert.Contains("not among the trusted", Refusal(Make.NodeProxy with { Identities = [Make.Cart] }, Make.Cart), StringComparison.Ordinal);
        Assert.Contains("not known in the cluster c2", Refusal(Make.NodeProxy with { Cluster = "c2" }, Id("far")), StringComparison.Ordinal);
        Assert.Contains("not known", Refusal(Make.NodeProxy with { Pod = null }, Make.Cart), StringComparison.Ordinal);
        Assert.Contains("another uid", Refusal(Make.NodeProxy with { Pod = new PodBinding("zt-1", "old") }, Make.Cart), StringComparison.Ordinal);
        Assert.Contains("only a caller with a service account's token", Refusal(Make.NodeProxy with { Kind = CallerKind.Certificate }, Make.Cart), StringComparison.Ordinal);
        Assert.Contains("there are none", new NodeAuthorization([], ["cluster.local"]).Refusal(Make.NodeProxy, Make.Cart, _pods)!, StringComparison.Ordinal);
        _pods.Set("c1", new PodFact("istio-system", "zt-1", "uid-1", "other", "n1", false));
        Assert.Contains("another service account", Refusal(Make.NodeProxy, Make.Cart), StringComparison.Ordinal);
    }

    [Fact]
    public void RemoteZtunnel_GetsItsOwnNodesPods()
    {
        _pods.Set("c2", new PodFact("istio-system", "zt-2", "uid-2", "ztunnel", "n1", false));
        Caller remote = Make.NodeProxy with { Cluster = "c2", Pod = new PodBinding("zt-2", "uid-2") };

        Assert.Null(Refusal(remote, Id("far")));
        Assert.NotNull(Refusal(remote, Make.Cart));
    }

    [Fact]
    public void Index_FollowsPods()
    {
        const int Seed = 12;
        var random = new Random(Seed);
        var pods = new Dictionary<string, PodFact>(StringComparer.Ordinal);
        var index = new PodIndex();
        for (int i = 0; i < 3000; i++)
        {
            string name = "p" + random.Next(20);
            if (random.Next(3) == 0)
            {
                pods.Remove(name);
                index.Remove("c", "ns", name);
            }
            else
            {
                pods[name] = new PodFact("ns", name, "u", "sa" + random.Next(3), "n" + random.Next(3), random.Next(4) == 0);
                index.Set("c", pods[name]);
            }

            for (int node = 0; node < 3; node++)
            {
                string at = "n" + node;
                Assert.Equal(pods.Values.Any(pod => pod.Node == at && pod.ServiceAccount == "sa1" && !pod.IsFailed), index.HasAccount("c", at, "ns", "sa1"));
            }
        }
    }

    private static SpiffeId Id(string account) => new("cluster.local", "shop", account);

    private string Refusal(Caller caller, SpiffeId requested) => Rules.Refusal(caller, requested, _pods)!;
}
