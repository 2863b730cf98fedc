using System.Net;
using Address = Ambient.Protocol.Istio.Workload.Address;
using Service = Ambient.Protocol.Istio.Workload.Service;

namespace Ambient.ControlPlane.Discovery.Tests.Clusters;

/// <summary>Addresses and host names that several clusters claim have one owner.</summary>
public sealed class ClusterClaimTests
{
    private const string Global = """{"istio.io/global":"true"}""";
    private const string Host = "billing.ns1.svc.company.com";
    private const string Stolen = $$"""{"hosts":["{{Host}}"],"ports":[{"number":80,"protocol":"TCP"}],"resolution":"STATIC"}""";
    private const string External = """{"hosts":["example.com"],"ports":[{"number":80,"protocol":"TCP"}],"resolution":"STATIC"}""";

    [Theory]
    [InlineData("testnetwork")]
    [InlineData("")]
    public void ClusterIpOfAnotherClusterOnOurNetwork_DoesNotCount(string network)
    {
        var set = new ClusterSet(network);
        Cluster near = set.Remote("near", network);
        Web(near, "y", "10.96.0.50", Global);
        Web(near, "both", "10.96.0.51", Global);
        Web(set.Own, "x", "10.96.0.50", "{}");
        Web(set.Own, "both", "10.96.0.52", Global);
        Cluster far = set.Remote("other", "far");
        Web(far, "both", "10.96.0.50", Global);
        set.Flush();

        Assert.Equal(["ns1/x.ns1.svc.company.com"], Claimants(set, $"{network}/10.96.0.50"));
        Assert.Empty(Addresses(set, "y"));
        Assert.Empty(set.Resources["ns1/y.ns1.svc.company.com"].Aliases);
        Assert.Equal(new HashSet<string> { "far/10.96.0.50", $"{network}/10.96.0.52" }, [.. Addresses(set, "both")]);
        Assert.Equal(Addresses(set, "both").Order(StringComparer.Ordinal), set.Resources["ns1/both.ns1.svc.company.com"].Aliases.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void OwnNetworkThatIsRenamed_DecidesAnewWhichAddressesCount()
    {
        var set = new ClusterSet();
        Web(set.Remote("near", "third"), "y", "10.96.0.50", Global);
        set.Flush();
        Assert.Equal(["third/10.96.0.50"], Addresses(set, "y"));
        set.Own.Namespace("istio-system", ClusterSet.Network("third"));
        set.Flush();
        Assert.Empty(Addresses(set, "y"));
        set.Own.Namespace("istio-system", ClusterSet.Network("testnetwork"));
        set.Flush();
        Assert.Equal(["third/10.96.0.50"], Addresses(set, "y"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void HostOfOurs_IsNeverAnotherClusters(bool isOwnFirst)
    {
        var set = new ClusterSet();
        foreach (bool isOwn in new[] { isOwnFirst, !isOwnFirst })
        {
            if (isOwn)
            {
                Web(set.Own, "billing", "10.96.0.1", "{}");
                set.Own.ServiceEntry("mine", External);
            }
            else
            {
                Cluster remote = set.Remote("far", "far");
                remote.ServiceEntry("stolen", Stolen, Global, "evil", "2020-01-01T00:00:00Z");
                remote.ServiceEntry("theirs", External, Global, "evil", "2020-01-01T00:00:00Z");
            }

            set.Flush();
        }

        Assert.Equal(["ns1"], Canonical(set, Host));
        Assert.Equal(["ns1"], Canonical(set, "example.com"));

        // What is ours no more is theirs, as far as it may be; and back.
        set.Own.NoService("billing");
        set.Own.NoServiceEntry("mine");
        set.Flush();
        Assert.Empty(Canonical(set, Host));
        Assert.Equal(["evil"], Canonical(set, "example.com"));
        set.Own.ServiceEntry("mine", External);
        set.Flush();
        Assert.Equal(["ns1"], Canonical(set, "example.com"));
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("b", "a")]
    public void HostOfSeveralOtherClusters_HasOneCanonicalClaim(string first, string second)
    {
        var set = new ClusterSet();
        foreach (string id in new[] { first, second })
        {
            Cluster remote = set.Remote(id, "far");
            remote.ServiceEntry("e", External, Global, "of-" + id);
            set.Flush();
        }

        Assert.Equal(["of-a"], Canonical(set, "example.com"));
        set.RemoteOf("a", "far").ServiceEntry("e", External, "{}", "of-a");
        set.Flush();
        Assert.Equal(["of-b"], Canonical(set, "example.com"));
        set.RemoteOf("a", "far").ServiceEntry("e", External, Global, "of-a");
        set.Flush();
        Assert.Equal(["of-a"], Canonical(set, "example.com"));
        set.Leave("a");
        set.Flush();
        Assert.Equal(["of-b"], Canonical(set, "example.com"));
    }

    private static void Web(Cluster cluster, string name, string ip, string labels) =>
        cluster.Service(name, $$"""{"clusterIP":"{{ip}}","selector":{"app":"a"},"ports":[{"port":80}]}""", labels);

    private static IEnumerable<string> Addresses(ClusterSet set, string name) => Addresses(set.Service($"ns1/{name}.ns1.svc.company.com"));

    private static IEnumerable<string> Addresses(Service service) => service.Addresses.Select(static address => $"{address.Network}/{new IPAddress(address.Address.Span)}");

    private static IEnumerable<string> Claimants(ClusterSet set, string address) => Services(set).Where(item => Addresses(item.Service).Contains(address)).Select(static item => item.Name);

    private static IEnumerable<string> Canonical(ClusterSet set, string host) =>
        Services(set).Where(item => item.Service.Hostname == host && item.Service.Canonical).Select(static item => item.Service.Namespace);

    private static IEnumerable<(string Name, Service Service)> Services(ClusterSet set) =>
        set.Resources.Where(static item => item.Value.Message is Address { Service: not null }).Select(static item => (item.Key, ((Address)item.Value.Message).Service));
}
