using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using static Ambient.Mesh.Tests.TestMesh;

namespace Ambient.Mesh.Tests.Views;

/// <summary>The table of ztunnel.md 12 D.</summary>
public class ServiceLookupTests
{
    private readonly TestMesh _mesh = new();

    private static Service In(string space, string hostname, string? vip = null, Action<ServiceSpec>? more = null) => Service(hostname, vip, spec =>
    {
        spec.Namespace = space;
        more?.Invoke(spec);
    });

    [Fact]
    [Trait("behaviour", "ZT-66")]
    [Trait("behaviour", "ZT-67")]
    public void SharedVip_IsChosenByTheClientsNamespace_AndSurvivesTheRemovalOfOne()
    {
        _mesh.Put(
            In("ns-a", "a.com", "10.0.0.1", spec => spec.Vips.Add(Address("10.0.0.2"))),
            In("ns-b", "b.com", "10.0.0.1", spec => spec.Vips.Add(Address("10.0.0.3"))));
        Assert.Equal(2, _mesh.View.ServiceCount);
        Assert.Equal("ns-a", _mesh.ServiceAt("10.0.0.1", "ns-a")!.Namespace);
        Assert.Equal("ns-b", _mesh.ServiceAt("10.0.0.1", "ns-b")!.Namespace);
        Assert.NotNull(_mesh.ServiceAt("10.0.0.1"));
        Assert.Equal("ns-a", _mesh.ServiceAt("10.0.0.2", "ns-b")!.Namespace);

        _mesh.Remove("ns-a/a.com");
        Assert.All(new[] { "ns-a", "ns-b", null }, space => Assert.Equal("ns-b", _mesh.ServiceAt("10.0.0.1", space)!.Namespace));
        Assert.Null(_mesh.ServiceAt("10.0.0.2"));

        _mesh.Remove("ns-b/b.com");
        Assert.Null(_mesh.ServiceAt("10.0.0.1"));
        Assert.Null(_mesh.ServiceAt("10.0.0.3"));
        Assert.Equal(0, _mesh.View.ServiceCount);
    }

    [Fact]
    public void TwoServicesOfOneNamespaceOnOneVip_BothStay()
    {
        _mesh.Put(In("ns", "a.com", "10.0.0.1"), In("ns", "b.com", "10.0.0.1"));
        Assert.Equal("a.com", _mesh.ServiceAt("10.0.0.1", "ns")!.Hostname);
        _mesh.Remove("ns/a.com");
        Assert.Equal("b.com", _mesh.ServiceAt("10.0.0.1", "ns")!.Hostname);
    }

    [Theory]
    [Trait("behaviour", "ZT-68")]
    [InlineData(false, "10.1.0.0")]
    [InlineData(true, "10.1.2.3")]
    public void NamespaceVisibility_HidesTheVip(bool isRange, string address)
    {
        _mesh.Put(In("ns-a", "a.com", isRange ? null : "10.1.0.0", spec =>
        {
            spec.Visibility = ServiceVisibility.Namespace;
            if (isRange)
            {
                spec.CidrVips.Add(Range("10.1.0.0/16"));
            }
        }));
        Assert.NotNull(_mesh.ServiceAt(address, "ns-a"));
        Assert.Null(_mesh.ServiceAt(address, "ns-b"));
        Assert.NotNull(_mesh.ServiceAt(address));
    }

    [Fact]
    [Trait("behaviour", "ZT-68")]
    public void HiddenExactVip_LeavesTheRange()
    {
        _mesh.Put(
            In("ns-a", "a.com", "10.1.0.1", spec => spec.Visibility = ServiceVisibility.Namespace),
            In("ns-b", "b.com", null, spec => spec.CidrVips.Add(Range("10.1.0.0/16"))));
        Assert.Equal("b.com", _mesh.ServiceAt("10.1.0.1", "ns-c")!.Hostname);
        Assert.Equal("a.com", _mesh.ServiceAt("10.1.0.1", "ns-a")!.Hostname);
    }

    [Fact]
    [Trait("behaviour", "ZT-69")]
    [Trait("behaviour", "ZT-70")]
    public void Hostname_HonoursVisibility()
    {
        _mesh.Put(In("ns-a", "a.com", null, spec => spec.Visibility = ServiceVisibility.Namespace), In("ns-a", "public.com"));
        Assert.NotNull(_mesh.View.ChooseServiceByHost("a.com", "ns-a"));
        Assert.Null(_mesh.View.ChooseServiceByHost("a.com", "ns-b"));
        Assert.NotNull(_mesh.View.ChooseServiceByHost("a.com", null));
        Assert.NotNull(_mesh.View.ChooseServiceByHost("public.com", "ns-b"));

        _mesh.Put(In("ns-b", "a.com"));
        Assert.Equal("ns-b", _mesh.View.ChooseServiceByHost("a.com", "ns-c")!.Namespace);
        Assert.Equal("ns-a", _mesh.View.ChooseServiceByHost("a.com", "ns-a")!.Namespace);
    }

    [Theory]
    [Trait("behaviour", "ZT-71")]
    [Trait("behaviour", "ZT-72")]
    [Trait("behaviour", "ZT-76")]
    [InlineData("10.0.0.0/24", "10.0.0.5", true)]
    [InlineData("10.0.0.0/24", "10.0.0.255", true)]
    [InlineData("10.0.0.0/24", "10.0.1.5", false)]
    [InlineData("10.0.0.0/24", "a00::", false)]
    [InlineData("fd00::/112", "fd00::5", true)]
    [InlineData("fd00::/112", "fd00::ffff", true)]
    [InlineData("fd00::/112", "fd00::1:0", false)]
    [InlineData("fd00::/112", "fd01::5", false)]
    [InlineData("a00::/24", "10.0.0.5", false)]
    [InlineData("::/0", "10.0.0.5", false)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("0.0.0.0/0", "200.1.2.3", true)]
    public void Range_MatchesItsAddresses(string range, string address, bool expected)
    {
        _mesh.Put(In("ns", "a.com", null, spec => spec.CidrVips.Add(Range(range))));
        Assert.Equal(expected, _mesh.ServiceAt(address) is not null);
    }

    [Theory]
    [Trait("behaviour", "ZT-73")]
    [Trait("behaviour", "ZT-74")]
    [InlineData("10.0.0.0/16", "10.0.5.0/24", "10.0.5.9", "10.0.6.9")]
    [InlineData("fd00:0:1::/48", "fd00:0:1::5:0/112", "fd00:0:1::5:9", "fd00:0:1::6:9")]
    public void OverlappingRanges_TheLongerWins(string wide, string narrow, string inside, string outside)
    {
        _mesh.Put(In("ns", "wide.com", null, spec => spec.CidrVips.Add(Range(wide))), In("ns", "narrow.com", null, spec => spec.CidrVips.Add(Range(narrow))));
        Assert.Equal("narrow.com", _mesh.ServiceAt(inside, "ns")!.Hostname);
        Assert.Equal("wide.com", _mesh.ServiceAt(outside, "ns")!.Hostname);
    }

    [Fact]
    public void WideRangeOfTheOwnNamespace_BeatsANarrowOneElsewhere()
    {
        _mesh.Put(In("ns-a", "wide.com", null, spec => spec.CidrVips.Add(Range("10.0.0.0/8"))), In("ns-b", "narrow.com", null, spec => spec.CidrVips.Add(Range("10.0.0.0/24"))));
        Assert.Equal("wide.com", _mesh.ServiceAt("10.0.0.1", "ns-a")!.Hostname);
        Assert.Equal("narrow.com", _mesh.ServiceAt("10.0.0.1", "ns-c")!.Hostname);
        Assert.Equal("narrow.com", _mesh.ServiceAt("10.0.0.1")!.Hostname);
    }

    [Fact]
    [Trait("behaviour", "ZT-75")]
    [Trait("behaviour", "ZT-77")]
    public void BothFamilies_MayBeInOneService()
    {
        _mesh.Put(In("ns", "ranges.com", null, spec => spec.CidrVips.AddRange([Range("10.0.0.0/24"), Range("fd00::/112")])));
        Assert.NotNull(_mesh.ServiceAt("10.0.0.7"));
        Assert.NotNull(_mesh.ServiceAt("fd00::7"));
        Assert.Null(_mesh.ServiceAt("10.0.1.7"));
        Assert.Null(_mesh.ServiceAt("fd00::1:7"));

        _mesh.Remove("ns/ranges.com");
        _mesh.Put(In("ns", "mixed.com", "10.0.0.1", spec => spec.CidrVips.Add(Range("fd00::/112"))));
        Assert.NotNull(_mesh.ServiceAt("10.0.0.1"));
        Assert.NotNull(_mesh.ServiceAt("fd00::9"));
        Assert.Null(_mesh.ServiceAt("10.0.0.2"));
    }

    [Theory]
    [Trait("behaviour", "ZT-78")]
    [InlineData("10.0.0.5", "10.0.0.0/24", "10.0.0.6")]
    [InlineData("fd00::5", "fd00::/112", "fd00::6")]
    public void ExactVip_WinsOverTheRange(string exact, string range, string neighbour)
    {
        _mesh.Put(In("ns", "range.com", null, spec => spec.CidrVips.Add(Range(range))), In("ns", "exact.com", exact));
        Assert.Equal("exact.com", _mesh.ServiceAt(exact)!.Hostname);
        Assert.Equal("range.com", _mesh.ServiceAt(neighbour)!.Hostname);
    }

    [Fact]
    [Trait("behaviour", "ZT-79")]
    public void Range_IsOfItsNetwork()
    {
        _mesh.Put(In("ns", "a.com", null, spec => spec.CidrVips.Add(Range("10.0.0.0/24", "net-a"))));
        Assert.NotNull(_mesh.ServiceAt("net-a/10.0.0.1"));
        Assert.Null(_mesh.ServiceAt("net-b/10.0.0.1"));
        Assert.Null(_mesh.ServiceAt("10.0.0.1"));
    }

    [Fact]
    [Trait("behaviour", "ZT-80")]
    [Trait("behaviour", "ZT-81")]
    public void EqualRanges_AreChosenByNamespace_AndRemovalEmptiesTheIndex()
    {
        _mesh.Put(In("ns-a", "a.com", null, spec => spec.CidrVips.Add(Range("10.0.0.0/24"))), In("ns-b", "b.com", null, spec => spec.CidrVips.Add(Range("10.0.0.0/24"))));
        Assert.Equal("a.com", _mesh.ServiceAt("10.0.0.1", "ns-a")!.Hostname);
        Assert.Equal("b.com", _mesh.ServiceAt("10.0.0.1", "ns-b")!.Hostname);
        _mesh.Remove("ns-a/a.com");
        Assert.All(new[] { "ns-a", "ns-b", null }, space => Assert.Equal("b.com", _mesh.ServiceAt("10.0.0.1", space)!.Hostname));
        _mesh.Remove("ns-b/b.com");
        Assert.Null(_mesh.ServiceAt("10.0.0.1"));
        Assert.Equal(0, _mesh.View.Networks.Count);
    }

    [Fact]
    public void EndpointsOfARangeService_AreNeverStale()
    {
        _mesh.Put(In("ns", "a.com", null, spec => spec.CidrVips.Add(Range("10.0.0.0/24"))));
        for (int i = 1; i <= 3; i++)
        {
            _mesh.Put(Workload($"w{i}", $"10.1.0.{i}", spec => Join(spec, "a.com")));
            Assert.Equal(i, _mesh.ServiceAt("10.0.0.9")!.EndpointCount);
        }

        Assert.Equal(1, _mesh.View.Networks.Find("")!.Ranges.Count);
    }

    [Fact]
    public void Ranges_AgreeWithALinearSearch()
    {
        const int Seed = 73;
        Random random = new(Seed);
        List<(IpPrefix Range, string Host)> all = [];
        for (int i = 0; i < 300; i++)
        {
            IpAddress address = random.Next(2) == 0 ? IpAddress.FromIPv4(0x0A00_0000 | (uint)random.Next(1 << 12)) : IpAddress.Parse($"fd00::{random.Next(1 << 12):x}");
            _ = IpPrefix.TryCreate(address, address.IsIPv4 ? random.Next(18, 32) : random.Next(114, 128), out IpPrefix range);
            if (all.Exists(item => item.Range == range))
            {
                continue;
            }

            all.Add((range, $"s{i}.com"));
            _mesh.Put(In("ns", $"s{i}.com", null, spec => spec.CidrVips.Add(new NetworkPrefix("", range))));
        }

        for (int i = 0; i < 5_000; i++)
        {
            IpAddress address = random.Next(2) == 0 ? IpAddress.FromIPv4(0x0A00_0000 | (uint)random.Next(1 << 12)) : IpAddress.Parse($"fd00::{random.Next(1 << 12):x}");
            string? expected = all.Where(item => item.Range.Contains(address)).OrderByDescending(item => item.Range.Length).Select(item => item.Host).FirstOrDefault();
            Assert.True(expected == _mesh.View.FindService(new NetworkAddress("", address), null)?.Hostname, $"seed {Seed}, {address}");
        }
    }
}
