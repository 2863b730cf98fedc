using Ambient.Mesh.Addresses;
using Ambient.Mesh.Names;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using static Ambient.Mesh.Tests.TestMesh;

namespace Ambient.Mesh.Tests.Names;

/// <summary>The table of ztunnel.md 12 N, as far as it is decided without a network.</summary>
public class ServiceNamesTests
{
    private const string Domain = "cluster.local";
    private readonly TestMesh _mesh = new();

    public ServiceNamesTests()
    {
        _mesh.Put(
            Named("ns1", "www.google.com", "1.1.1.1"),
            Named("ns1", "productpage.ns1.svc.cluster.local", "9.9.9.9"),
            Named("ns2", "example.ns2.svc.cluster.local", "10.10.10.10"),
            Named("ns2", "details.ns2.svc.cluster.remote", "11.11.11.11", "12.12.12.12", "13.13.13.13", "14.14.14.14"),
            Named("ns1", "dual.localhost", "2.2.2.2", "2001:db8::ff00:42:8329"),
            Named("ns1", "ipv6.localhost", "2001:db8::ff00:42:8329"),
            Named("ns1", "ipv4.localhost", "2.2.2.2"),
            Named("ns1", "*.wildcard", "10.10.10.10"),
            Named("ns1", "*.b.wildcard", "11.11.11.11"),
            Named("ns1", "*.svc.mesh.company.net", "10.1.2.3"),
            Named("ns1", "both-networks", "21.21.21.21", "nw2/22.22.22.22"),
            Named("ns1", "headless.ns1.svc.cluster.local"),
            Named("ns1", "headless.example.com"),
            Named("ns1", "headless-no-endpoints.example.com"),
            Named("preferred-ns", "everywhere.io", "10.10.10.114"),
            Named("ns2", "everywhere.io", "10.10.10.113"),
            Named("ns1", "everywhere.io", "10.10.10.112"),
            Named("ns2", "elsewhere.io", "10.10.10.120"),
            Named("preferred-ns", "elsewhere.io", "10.10.10.121"),
            Named("ns2", "canonical.svc", "10.10.10.140"),
            Canonical(),
            Hidden("ns1", "nslocalsame.ns1.svc.cluster.local", "10.10.10.241"),
            Hidden("ns2", "nslocalother.ns2.svc.cluster.local", "10.10.10.242"));
        Workload Pod(int i) => Workload($"headless{i}", $"30.30.30.{i}", spec =>
        {
            spec.Namespace = "ns1";
            spec.Network = i == 0 ? "nw1" : "nw2";
            spec.Addresses.Add(IpAddress.Parse($"2001:db8::{i + 1}"));
            spec.Services.Add(new ServiceMembership(new NamespacedHostname("ns1", "headless.ns1.svc.cluster.local"), PortMap.Empty));
            spec.Services.Add(new ServiceMembership(new NamespacedHostname("ns1", "headless.example.com"), PortMap.Empty));
        });
        _mesh.Put(Pod(0), Pod(1));
    }

    [Theory]
    [Trait("behaviour", "ZT-202")]
    [Trait("behaviour", "ZT-203")]
    [Trait("behaviour", "ZT-204")]
    [Trait("behaviour", "ZT-205")]
    [Trait("behaviour", "ZT-206")]
    [Trait("behaviour", "ZT-207")]
    [Trait("behaviour", "ZT-208")]
    [InlineData("name", "name.ns1.svc.cluster.local")]
    [InlineData("name.", "name.ns1.svc.cluster.local")]
    [InlineData("name.ns2", "name.ns2.svc.cluster.local;name.ns2.ns1.svc.cluster.local")]
    [InlineData("name.ns2.svc", "name.ns2.svc.cluster.local;name.ns2.svc.svc.cluster.local")]
    [InlineData("name.ns2.not-svc", "name.ns2.not-svc.svc.cluster.local")]
    [InlineData("pod.sub-domain.ns.svc", "pod.sub-domain.ns.svc.cluster.local")]
    [InlineData("pod.sub-domain.ns.not-svc", "")]
    [InlineData("name.ns2.svc.cluster", "")]
    [InlineData("name.ns2.svc.cluster.local", "")]
    [InlineData("www.google.com", "www.google.com.svc.cluster.local")]
    public void Expand_ShortNames(string name, string expected) => Assert.Equal(expected, string.Join(';', NameAliases.Expand(name, "ns1", Domain)));

    [Theory]
    [Trait("behaviour", "ZT-209")]
    [InlineData("svc1.", "svc1")]
    [InlineData("svc1.ns1.svc.cluster.local", "svc1.ns1.svc.cluster.local;*.ns1.svc.cluster.local;*.svc.cluster.local;*.cluster.local;*.local")]
    public void Wildcards_FromTheLongest(string name, string expected) => Assert.Equal(expected, string.Join(';', NameAliases.Wildcards(name)));

    [Theory]
    [Trait("behaviour", "ZT-210")]
    [InlineData("name.ns.svc.cluster.local", "name.ns")]
    [InlineData("name.ns.a.different.domain", null)]
    [InlineData("cluster.com", null)]
    [InlineData("svc.cluster.local", null)]
    [InlineData("xsvc.cluster.local", null)]
    [InlineData("", null)]
    public void Strip_ASearchDomain(string name, string? expected)
    {
        Assert.Equal(expected is not null, NameAliases.TryStrip(name, "svc.cluster.local", out string? stripped));
        Assert.Equal(expected, stripped);
    }

    [Theory]
    [Trait("behaviour", "ZT-212")]
    [Trait("behaviour", "ZT-213")]
    [Trait("behaviour", "ZT-215")]
    [Trait("behaviour", "ZT-216")]
    [Trait("behaviour", "ZT-217")]
    [Trait("behaviour", "ZT-219")]
    [Trait("behaviour", "ZT-220")]
    [Trait("behaviour", "ZT-222")]
    [Trait("behaviour", "ZT-223")]
    [Trait("behaviour", "ZT-224")]
    [Trait("behaviour", "ZT-225")]
    [Trait("behaviour", "ZT-226")]
    [Trait("behaviour", "ZT-227")]
    [Trait("behaviour", "ZT-228")]
    [Trait("behaviour", "ZT-231")]
    [Trait("behaviour", "ZT-232")]
    [InlineData("www.google.com", false, "1.1.1.1")]
    [InlineData("www.google.com.", false, "1.1.1.1")]
    [InlineData("www.google.com.ns1.svc.cluster.local", false, "1.1.1.1", "www.google.com")]
    [InlineData("productpage.ns1.svc.cluster.local", false, "9.9.9.9")]
    [InlineData("productpage.ns1", false, "9.9.9.9")]
    [InlineData("productpage", false, "9.9.9.9")]
    [InlineData("productpage.ns1.ns1.svc.cluster.local", false, "9.9.9.9", "productpage.ns1")]
    [InlineData("example.ns2", false, "10.10.10.10")]
    [InlineData("example.ns2.svc", false, "10.10.10.10")]
    [InlineData("example.ns2.svc.cluster.local", false, "10.10.10.10")]
    [InlineData("nslocalsame.ns1.svc.cluster.local", false, "10.10.10.241")]
    [InlineData("details.ns2.svc.cluster.remote", false, "11.11.11.11 12.12.12.12 13.13.13.13 14.14.14.14")]
    [InlineData("dual.localhost", false, "2.2.2.2")]
    [InlineData("dual.localhost", true, "2001:db8::ff00:42:8329")]
    [InlineData("ipv6.localhost", false, "")]
    [InlineData("ipv4.localhost", true, "")]
    [InlineData("foo.wildcard", false, "10.10.10.10")]
    [InlineData("a.b.wildcard", false, "11.11.11.11")]
    [InlineData("foo.wildcard.ns1.svc.cluster.local", false, "10.10.10.10")]
    [InlineData("foo.svc.mesh.company.net", false, "10.1.2.3")]
    [InlineData("foo.foons.svc.mesh.company.net", false, "10.1.2.3")]
    [InlineData("both-networks", false, "21.21.21.21")]
    [InlineData("headless.ns1.svc.cluster.local", false, "30.30.30.0 30.30.30.1")]
    [InlineData("headless.ns1.svc.cluster.local", true, "2001:db8::1 2001:db8::2")]
    [InlineData("everywhere.io", false, "10.10.10.112")]
    [InlineData("elsewhere.io", false, "10.10.10.121")]
    [InlineData("canonical.svc", false, "10.10.10.141")]
    public void ServedNames(string name, bool ipv6, string addresses, string? canonical = null)
    {
        NameAnswer answer = Ask(name, ipv6)!;
        Assert.NotNull(answer);
        Assert.Equal(addresses, string.Join(' ', answer.Addresses.Select(a => a.ToString()).Order(StringComparer.Ordinal)));
        Assert.Equal(canonical, answer.Canonical);
        Assert.Equal(canonical ?? name.TrimEnd('.'), answer.Owner);
    }

    [Theory]
    [Trait("behaviour", "ZT-211")]
    [Trait("behaviour", "ZT-214")]
    [Trait("behaviour", "ZT-218")]
    [Trait("behaviour", "ZT-221")]
    [Trait("behaviour", "ZT-229")]
    [Trait("behaviour", "ZT-230")]
    [InlineData("www.bing.com")]
    [InlineData("example")]
    [InlineData("details.ns2")]
    [InlineData("headless.pod0.ns1")]
    [InlineData("headless.pod0.ns1.svc.cluster.local")]
    [InlineData("headless.example.com")]
    [InlineData("headless-no-endpoints.example.com")]
    [InlineData("nslocalother.ns2.svc.cluster.local")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("cluster.local")]
    public void OtherNames_AreForwarded(string name) => Assert.Null(Ask(name, ipv6: false));

    [Theory]
    [InlineData(IpFamilies.IPv4Only, true, true, 0)]
    [InlineData(IpFamilies.IPv4Only, false, true, 1)]
    [InlineData(IpFamilies.IPv6Only, false, true, 0)]
    [InlineData(IpFamilies.Dual, true, true, 1)]
    [InlineData(IpFamilies.Dual, true, false, 0)]
    public void ExcludedFamily_IsAnEmptyAnswer(IpFamilies families, bool ipv6, bool ipv6Enabled, int expected)
    {
        _mesh.Put(Service("families.io", "nw1/1.2.3.4", spec =>
        {
            spec.Vips.Add(Address("nw1/2001:db8::9"));
            spec.IpFamilies = families;
        }));
        Assert.Equal(expected, Ask("families.io", ipv6, ipv6Enabled)!.Addresses.Count);
    }

    [Fact]
    public void Order_IsRandom()
    {
        HashSet<string> orders = [.. Enumerable.Range(0, 200).Select(_ => string.Join(' ', Ask("details.ns2.svc.cluster.remote", ipv6: false)!.Addresses))];
        Assert.Equal(24, orders.Count);
    }

    [Fact]
    [Trait("behaviour", "ZT-236")]
    public void SearchDomains_AreThoseOfTheNamespace() =>
        Assert.Equal(["default-ns.svc.cluster.local", "svc.cluster.local", "cluster.local"], ServiceNames.SearchDomains("default-ns", Domain));

    [Fact]
    public void RangeOnlyService_IsForwarded()
    {
        _mesh.Put(Service("range.io", null, spec => spec.CidrVips.Add(Range("10.0.0.0/24", "nw1"))));
        Assert.Null(Ask("range.io", ipv6: false));
    }

    private static Service Named(string space, string hostname, params string[] vips) => Service(hostname, null, spec =>
    {
        spec.Namespace = space;
        spec.Vips.AddRange(vips.Select(vip => Address(vip.Contains('/') ? vip : $"nw1/{vip}")));
    });

    private static Service Canonical() => Service("canonical.svc", "nw1/10.10.10.141", spec =>
    {
        spec.Namespace = "ns3";
        spec.IsCanonical = true;
    });

    private static Service Hidden(string space, string hostname, string vip) => Service(hostname, $"nw1/{vip}", spec =>
    {
        spec.Namespace = space;
        spec.Visibility = ServiceVisibility.Namespace;
    });

    private readonly Random _random = new(4);

    private NameAnswer? Ask(string name, bool ipv6, bool ipv6Enabled = true) => ServiceNames.Resolve(_mesh.View, new NameQuery
    {
        Client = Workload("client", "40.40.40.40", spec =>
        {
            spec.Namespace = "ns1";
            spec.Network = "nw1";
        }),
        Name = name,
        IsIPv6 = ipv6,
        SearchDomains = ServiceNames.SearchDomains("ns1", Domain),
        ClusterDomain = Domain,
        PreferredNamespace = "preferred-ns",
        IsIPv6Enabled = ipv6Enabled,
        Random = _random,
    });
}
