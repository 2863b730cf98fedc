using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Routing;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using static Ambient.Mesh.Tests.TestMesh;

namespace Ambient.Mesh.Tests.Routing;

/// <summary>The table of ztunnel.md 12 B. The source is 127.0.0.1 and ::1; a waypoint workload is 127.0.0.10.</summary>
public class OutboundTests
{
    private readonly TestMesh _mesh = new();

    public OutboundTests() => _mesh.Put(Source(), Workload("waypoint", "127.0.0.10"));

    private static Workload Source(Action<WorkloadSpec>? more = null) => Workload("source", "127.0.0.1", spec =>
    {
        spec.Addresses.Add(IpAddress.LoopbackV6);
        spec.Node = "local";
        more?.Invoke(spec);
    });

    private static Workload Hbone(string name, string address, Action<WorkloadSpec>? more = null) => Workload(name, address, spec =>
    {
        spec.Protocol = TunnelProtocol.Hbone;
        more?.Invoke(spec);
    });

    private Destination Resolve(string target, IReadOnlySet<string>? asked = null, Random? random = null, string sourceAddress = "127.0.0.1", string network = "", IReadOnlySet<string>? avoided = null) =>
        DestinationResolver.Resolve(_mesh.View, new OutboundQuery
        {
            Source = _mesh.View.FindLocalWorkload(new LocalWorkload("source", "ns", "source-account")),
            Local = new LocalWorkload("source", "ns", "source-account"),
            SourceAddress = IpAddress.Parse(sourceAddress),
            Target = IpPort.Parse(target),
            OwnNetwork = network,
            Random = random ?? new Random(1),
            AskedResources = asked,
            Avoided = avoided,
        });

    private static string Say(Destination destination) => destination switch
    {
        Direct direct => $"TCP {direct.Dial}",
        Tunnel tunnel => $"HBONE {tunnel.Dial} {tunnel.Authority}",
        NestedTunnel nested => $"DOUBLE {nested.Dial} {nested.Authority}",
        Refused refused => $"refused {refused.Text}",
        NeedsName name => $"name {name.Hostname}",
        NeedsResource resource => $"ask {resource.ResourceName}",
        _ => destination.ToString(),
    };

    [Fact]
    [Trait("behaviour", "ZT-27")]
    public void UnknownAddress_IsDialledPlain() => Assert.Equal("TCP 1.2.3.4:80", Say(Resolve("1.2.3.4:80")));

    [Fact]
    public void EndpointThatFailed_IsAvoided_UntilNoneIsLeft()
    {
        _mesh.Put(Hbone("one", "10.0.0.1", spec => Join(spec, "example.com")), Hbone("two", "10.0.0.2", spec => Join(spec, "example.com")));
        _mesh.Put(Service("example.com", "127.0.0.3"));
        string one = _mesh.View.FindWorkload(new NetworkAddress("", IpAddress.Parse("10.0.0.1")))!.Uid;
        string two = _mesh.View.FindWorkload(new NetworkAddress("", IpAddress.Parse("10.0.0.2")))!.Uid;
        for (int seed = 0; seed < 50; seed++)
        {
            Assert.StartsWith("HBONE 10.0.0.2:15008", Say(Resolve("127.0.0.3:80", random: new Random(seed), avoided: new HashSet<string> { one })), StringComparison.Ordinal);
        }

        Assert.Equal("refused no healthy upstream: 127.0.0.3:80", Say(Resolve("127.0.0.3:80", avoided: new HashSet<string> { one, two })));
    }

    [Fact]
    public void EndpointThatFailed_IsNotAvoided_WhenItIsMeantItself()
    {
        _mesh.Put(Hbone("one", "10.0.0.1"));
        string one = _mesh.View.FindWorkload(new NetworkAddress("", IpAddress.Parse("10.0.0.1")))!.Uid;
        Assert.StartsWith("HBONE 10.0.0.1:15008", Say(Resolve("10.0.0.1:80", avoided: new HashSet<string> { one })), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("behaviour", "ZT-28")]
    [InlineData(true)]
    [InlineData(false)]
    public void OnlyEndpointOnAnotherNetworkWithoutGateway_IsRefused(bool hasAddress)
    {
        _mesh.Put(Workload("far", hasAddress ? "10.0.0.9" : null, spec =>
        {
            spec.Network = "remote";
            Join(spec, "example.com");
        }));
        _mesh.Put(Service("example.com", "127.0.0.3"));
        Assert.IsType<Refused>(Resolve("127.0.0.3:80"));
    }

    [Fact]
    [Trait("behaviour", "ZT-29")]
    public void RemoteEndpoint_GoesThroughTheGateway()
    {
        PutGateway();
        _mesh.Put(RemoteEndpoint("example.com"));
        _mesh.Put(Service("example.com", "127.0.0.3", spec => spec.SubjectAltNames.Add("spiffe://cluster.local/ns/ns/sa/far")));
        NestedTunnel tunnel = Assert.IsType<NestedTunnel>(Resolve("127.0.0.3:80"));
        Assert.Equal("DOUBLE 10.22.1.1:15009 example.com:80", Say(tunnel));
        Assert.Equal(["spiffe://cluster.local/ns/ns/sa/gateway-account"], tunnel.GatewayIdentities.Select(id => id.ToString()));
        Assert.Equal(["spiffe://cluster.local/ns/ns/sa/far"], tunnel.InnerIdentities.Select(id => id.ToString()));
        Assert.Equal("example.com", tunnel.Intended!.Hostname);
    }

    [Fact]
    [Trait("behaviour", "ZT-30")]
    public void RemoteWaypoint_GoesThroughTheGatewayByTheTargetsName()
    {
        PutGateway();
        _mesh.Put(RemoteEndpoint("waypoint.com"));
        _mesh.Put(
            Service("waypoint.com", "127.0.0.11", spec =>
            {
                spec.Ports = PortMap.Of((15008, 15008));
                spec.SubjectAltNames.Add("spiffe://cluster.local/ns/ns/sa/far-waypoint");
            }),
            Service("example.com", "127.0.0.3", spec => spec.Waypoint = Gateway("ns/waypoint.com", 15008)));
        NestedTunnel tunnel = Assert.IsType<NestedTunnel>(Resolve("127.0.0.3:80"));
        Assert.Equal("DOUBLE 10.22.1.1:15009 example.com:80", Say(tunnel));
        Assert.Equal(["spiffe://cluster.local/ns/ns/sa/far-waypoint"], tunnel.InnerIdentities.Select(id => id.ToString()));
        Assert.True(tunnel.ViaWaypoint);
    }

    [Theory]
    [Trait("behaviour", "ZT-31")]
    [Trait("behaviour", "ZT-32")]
    [Trait("behaviour", "ZT-33")]
    [Trait("behaviour", "ZT-34")]
    [InlineData(TunnelProtocol.None, "remote", "TCP 127.0.0.2:80")]
    [InlineData(TunnelProtocol.None, "local", "TCP 127.0.0.2:80")]
    [InlineData(TunnelProtocol.Hbone, "remote", "HBONE 127.0.0.2:15008 127.0.0.2:80")]
    [InlineData(TunnelProtocol.Hbone, "local", "HBONE 127.0.0.2:15008 127.0.0.2:80")]
    public void Workload_IsReachedByItsProtocol_WhereverItRuns(TunnelProtocol protocol, string node, string expected)
    {
        _mesh.Put(Workload("dest", "127.0.0.2", spec =>
        {
            spec.Protocol = protocol;
            spec.Node = node;
        }));
        Destination destination = Resolve("127.0.0.2:80");
        Assert.Equal(expected, Say(destination));
        Assert.Equal("dest", destination.Upstream!.Name);
        Assert.True(destination is not Tunnel tunnel || tunnel.ExpectedIdentities.Single().ServiceAccount == "dest-account");
    }

    [Fact]
    [Trait("behaviour", "ZT-35")]
    public void WaypointOfTheSource_IsNotUsed()
    {
        _mesh.Put(Source(spec => spec.Waypoint = Gateway("127.0.0.10", 15008)), Workload("dest", "127.0.0.2"));
        Assert.Equal("TCP 127.0.0.2:80", Say(Resolve("127.0.0.2:80")));
    }

    [Fact]
    [Trait("behaviour", "ZT-36")]
    public void WaypointOfTheWorkload_IsUsed()
    {
        _mesh.Put(Workload("dest", "127.0.0.2", spec => spec.Waypoint = Gateway("127.0.0.10", 15008)));
        Tunnel tunnel = Assert.IsType<Tunnel>(Resolve("127.0.0.2:80"));
        Assert.Equal("HBONE 127.0.0.10:15008 127.0.0.2:80", Say(tunnel));
        Assert.True(tunnel.ViaWaypoint);
        Assert.Equal("waypoint-account", tunnel.ExpectedIdentities.Single().ServiceAccount);
    }

    [Fact]
    [Trait("behaviour", "ZT-37")]
    public void WaypointOfTheService_GetsTheDialledAddress()
    {
        _mesh.Put(Hbone("dest", "127.0.0.2", spec => Join(spec, "example.com")));
        _mesh.Put(Service("example.com", "127.0.0.3", spec => spec.Waypoint = Gateway("127.0.0.10", 15008)));
        Assert.Equal("HBONE 127.0.0.10:15008 127.0.0.3:80", Say(Resolve("127.0.0.3:80")));
    }

    [Fact]
    public void WaypointOfTheService_IsNotOnTheWayToItsPodsAddress()
    {
        _mesh.Put(Hbone("dest", "127.0.0.2", spec => Join(spec, "example.com")));
        _mesh.Put(Service("example.com", "127.0.0.3", spec => spec.Waypoint = Gateway("127.0.0.10", 15008)));
        Tunnel tunnel = Assert.IsType<Tunnel>(Resolve("127.0.0.2:80"));
        Assert.Equal("HBONE 127.0.0.2:15008 127.0.0.2:80", Say(tunnel));
        Assert.False(tunnel.ViaWaypoint);
    }

    [Fact]
    [Trait("behaviour", "ZT-38")]
    public void ServiceWithoutEndpoints_IsRefused()
    {
        _mesh.Put(Service("example.com", "127.0.0.3"));
        Assert.Equal("refused no healthy upstream: 127.0.0.3:80", Say(Resolve("127.0.0.3:80")));
    }

    [Fact]
    [Trait("behaviour", "ZT-39")]
    public void NamedPort_OnlyEndpointsThatMapItAreUsed()
    {
        _mesh.Put(
            Workload("a", "127.0.0.2", spec => Join(spec, "example.com", (80, 1234))),
            Workload("b", "127.0.0.4", spec => Join(spec, "example.com", (8080, 9999))));
        _mesh.Put(Service("example.com", "127.0.0.3", spec => spec.Ports = PortMap.Of((80, 0), (8080, 0))));
        Random random = new(39);
        Assert.All(Enumerable.Range(0, 200), _ => Assert.Equal("TCP 127.0.0.2:1234", Say(Resolve("127.0.0.3:80", random: random))));
    }

    [Fact]
    [Trait("behaviour", "ZT-40")]
    public void HostNetworkEndpoint_IsTheOneOfTheService()
    {
        Workload Host(string name, bool joins) => Workload(name, "127.0.0.2", spec =>
        {
            spec.NetworkMode = NetworkMode.HostNetwork;
            if (joins)
            {
                Join(spec, "example.com", (80, 80));
            }
        });
        _mesh.Put(Host("other", joins: false), Host("right", joins: true), Host("third", joins: false));
        _mesh.Put(Service("example.com", "127.0.0.3"));
        Destination destination = Resolve("127.0.0.3:80");
        Assert.Equal("TCP 127.0.0.2:80", Say(destination));
        Assert.Equal("right", destination.Upstream!.Name);
        Assert.Null(_mesh.View.FindWorkload(Address("127.0.0.2")));
    }

    [Theory]
    [Trait("behaviour", "ZT-41")]
    [Trait("behaviour", "ZT-42")]
    [InlineData("127.0.0.2:80", "TCP 127.0.0.2:80")]
    [InlineData("[ff06::c3]:80", "TCP [ff06::c3]:80")]
    public void DualStackWorkload_IsReachedAsDialled(string target, string expected)
    {
        _mesh.Put(Workload("dual", "127.0.0.2", spec => spec.Addresses.Add(IpAddress.Parse("ff06::c3"))));
        Assert.Equal(expected, Say(Resolve(target)));
    }

    [Theory]
    [Trait("behaviour", "ZT-43")]
    [Trait("behaviour", "ZT-44")]
    [Trait("behaviour", "ZT-45")]
    [InlineData(IpFamilies.Dual, "127.0.0.3:80", "127.0.0.2:15008")]
    [InlineData(IpFamilies.Dual, "[::3]:80", "[ff06::c3]:15008")]
    [InlineData(IpFamilies.IPv4Only, "127.0.0.3:80", "127.0.0.2:15008")]
    [InlineData(IpFamilies.IPv4Only, "[::3]:80", "127.0.0.2:15008")]
    [InlineData(IpFamilies.IPv6Only, "127.0.0.3:80", "[ff06::c3]:15008")]
    public void DualStackService_PicksTheFamily(IpFamilies families, string target, string dialled)
    {
        _mesh.Put(Hbone("dual", "127.0.0.2", spec =>
        {
            spec.Addresses.Add(IpAddress.Parse("ff06::c3"));
            Join(spec, "dual.example.com");
        }));
        _mesh.Put(Service("dual.example.com", "127.0.0.3", spec =>
        {
            spec.Vips.Add(Address("::3"));
            spec.IpFamilies = families;
        }));
        Assert.Equal(dialled, Assert.IsType<Tunnel>(Resolve(target)).Dial.ToString());
    }

    [Fact]
    [Trait("behaviour", "ZT-46")]
    public void PassthroughService_IsDialledAsItIs()
    {
        _mesh.Put(Service("example.com", "1.2.3.4", spec =>
        {
            spec.Vips.Add(Address("1.5.6.7"));
            spec.LoadBalancing = new LoadBalancing([], LoadBalancingMode.Passthrough, HealthPolicy.OnlyHealthy);
        }));
        Assert.Equal("TCP 1.2.3.4:80", Say(Resolve("1.2.3.4:80")));
        Assert.Equal("TCP 1.5.6.7:80", Say(Resolve("1.5.6.7:80")));
    }

    [Theory]
    [Trait("behaviour", "ZT-47")]
    [InlineData("127.0.0.1:15001")]
    [InlineData("127.0.0.1:15006")]
    [InlineData("[::1]:15008")]
    public void LoopbackOnAnOwnPort_IsRefused(string target) => Assert.Equal("refused attempted recursive call to ourselves", Say(Resolve(target)));

    [Theory]
    [Trait("behaviour", "ZT-48")]
    [InlineData(true)]
    [InlineData(false)]
    public void UnknownWaypoint_IsNeverBypassed(bool onService)
    {
        GatewayAddress unknown = Gateway("ns/nowhere.com", 15008);
        _mesh.Put(Hbone("dest", "127.0.0.2", spec =>
        {
            spec.Waypoint = onService ? null : unknown;
            Join(spec, "example.com");
        }));
        _mesh.Put(Service("example.com", "127.0.0.3", spec => spec.Waypoint = onService ? unknown : null));
        Refused refused = Assert.IsType<Refused>(Resolve(onService ? "127.0.0.3:80" : "127.0.0.2:80"));
        Assert.Equal(CloseReason.UnknownWaypoint, refused.Reason);
        Assert.StartsWith("unknown waypoint: ns/nowhere.com", refused.Text, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("behaviour", "ZT-49")]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.77", false)]
    public void WaypointItself_ReachesItsBackendDirectly(string sourceAddress, bool direct)
    {
        _mesh.Put(Hbone("dest", "127.0.0.2", spec => spec.Waypoint = Gateway("127.0.0.1", 15008)));
        string expected = direct ? "HBONE 127.0.0.2:15008 127.0.0.2:80" : "HBONE 127.0.0.1:15008 127.0.0.2:80";
        Assert.Equal(expected, Say(Resolve("127.0.0.2:80", sourceAddress: sourceAddress)));
    }

    [Fact]
    [Trait("behaviour", "ZT-50")]
    public void ServiceAddressedTraffic_IgnoresTheWorkloadsWaypoint()
    {
        _mesh.Put(Hbone("dest", "127.0.0.2", spec =>
        {
            spec.Waypoint = Gateway("127.0.0.10", 15008);
            Join(spec, "example.com");
        }));
        _mesh.Put(Service("example.com", "127.0.0.3"));
        Assert.Equal("HBONE 127.0.0.2:15008 127.0.0.2:8080", Say(Resolve("127.0.0.3:80")));
    }

    [Fact]
    public void UnknownSource_IsRefusedByName()
    {
        _mesh.Remove("cluster1//Pod/ns/source");
        Assert.Equal("refused failed to fetch information about local workload: source-account.ns (source)", Say(Resolve("1.2.3.4:80")));
    }

    [Fact]
    public void ServiceSans_AreAcceptedBesideTheWorkload()
    {
        _mesh.Put(Hbone("dest", "127.0.0.2", spec => Join(spec, "example.com")));
        _mesh.Put(Service("example.com", "127.0.0.3", spec =>
        {
            spec.SubjectAltNames.Add("spiffe://td/ns/a/sa/b");
            spec.SubjectAltNames.Add("not an identity");
        }));
        IdentitySet expected = IdentitySet.Of(new SpiffeId("td", "a", "b"), new SpiffeId("cluster.local", "ns", "dest-account"));
        Assert.Equal(expected, Assert.IsType<Tunnel>(Resolve("127.0.0.3:80")).ExpectedIdentities);
    }

    [Theory]
    [InlineData("1.1.1.1,::1", "1.1.1.1:15008")]
    [InlineData("::1", "[::1]:15008")]
    [InlineData("", null)]
    public void HostnameWorkload_GoesOnWithAResolvedAddress(string resolved, string? dialled)
    {
        _mesh.Put(Hbone("named", "9.9.9.9", spec =>
        {
            spec.Addresses.Clear();
            spec.Hostname = "external.example";
            Join(spec, "example.com");
        }));
        _mesh.Put(Service("example.com", "127.0.0.3"));
        NeedsName name = Assert.IsType<NeedsName>(Resolve("127.0.0.3:80"));
        Assert.Equal(("external.example", true), (name.Hostname, name.PrefersIPv4));
        Destination end = name.Complete([.. resolved.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(IpAddress.Parse)], new Random(1));
        if (dialled is null)
        {
            Assert.Equal("refused no ip addresses were resolved for workload: cluster1//Pod/ns/named", Say(end));
        }
        else
        {
            Assert.Equal(dialled, Assert.IsType<Tunnel>(end).Dial.ToString());
        }
    }

    [Fact]
    public void WorkloadOfAnotherNetworkWithoutGateway_HasNoRoute()
    {
        _mesh.Put(Workload("far", "10.0.0.9", spec =>
        {
            spec.Network = "remote";
            Join(spec, "example.com");
        }));
        _mesh.Put(Service("example.com", "127.0.0.3"));
        Assert.Equal("refused no valid routing destination for workload: cluster1//Pod/ns/far", Say(Resolve("127.0.0.3:80")));
    }

    [Fact]
    public void UnknownGateway_IsRefused()
    {
        _mesh.Put(RemoteEndpoint("example.com"));
        _mesh.Put(Service("example.com", "127.0.0.3"));
        Assert.StartsWith("refused unknown network gateway: remote/10.22.1.1", Say(Resolve("127.0.0.3:80")), StringComparison.Ordinal);
    }

    [Fact]
    public void AddressOfWorkloadAndVip_IsBalancedWithoutTheServicesWaypoint()
    {
        _mesh.Put(Hbone("both", "127.0.0.3"), Hbone("dest", "127.0.0.2", spec => Join(spec, "example.com")));
        _mesh.Put(Service("example.com", "127.0.0.3", spec => spec.Waypoint = Gateway("127.0.0.10", 15008)));
        Assert.Equal("HBONE 127.0.0.2:15008 127.0.0.2:8080", Say(Resolve("127.0.0.3:80")));
    }

    [Fact]
    public void WaypointByHostname_IsBalancedInTheFamilyOfTheTarget()
    {
        _mesh.Put(Workload("wp", "10.0.0.5", spec =>
        {
            spec.Addresses.Add(IpAddress.Parse("fd00::5"));
            Join(spec, "waypoint.com");
        }));
        _mesh.Put(
            Service("waypoint.com", "10.9.9.9", spec => spec.Ports = PortMap.Of((15008, 15018))),
            Service("six.com", "fd00::33", spec => spec.Waypoint = Gateway("ns/waypoint.com", 15008)),
            Service("vip.com", "fd00::34", spec => spec.Waypoint = Gateway("10.9.9.9", 15008)));
        Assert.Equal("HBONE [fd00::5]:15018 [fd00::33]:80", Say(Resolve("[fd00::33]:80")));
        Assert.Equal("HBONE 10.0.0.5:15018 [fd00::34]:80", Say(Resolve("[fd00::34]:80")));
    }

    [Fact]
    public void OnDemand_AsksOnceForWhatIsMissing()
    {
        Assert.Equal("ask /1.2.3.4", Say(Resolve("1.2.3.4:80", asked: new HashSet<string>())));
        Assert.Equal("TCP 1.2.3.4:80", Say(Resolve("1.2.3.4:80", asked: new HashSet<string> { "/1.2.3.4" })));
        _mesh.Put(Service("example.com", "127.0.0.3", spec => spec.Waypoint = Gateway("ns/late.com", 15008)));
        Assert.Equal("ask ns/late.com", Say(Resolve("127.0.0.3:80", asked: new HashSet<string>())));
        Assert.StartsWith("refused unknown waypoint", Say(Resolve("127.0.0.3:80", asked: new HashSet<string> { "ns/late.com" })), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("behaviour", "ZT-61")]
    [Trait("behaviour", "ZT-62")]
    [Trait("behaviour", "ZT-63")]
    [InlineData(new uint[0], "127.0.0.10")]
    [InlineData(new uint[] { 100, 0 }, "127.0.0.20")]
    [InlineData(new uint[] { 0, 0 }, "127.0.0.10")]
    public void WeightedWaypoints_FallBackToTheSingleOne(uint[] weights, string expected)
    {
        PutWeighted(weights);
        Random random = new(61);
        Assert.All(Enumerable.Range(0, 300), _ => Assert.Equal(expected, Assert.IsType<Tunnel>(Resolve("127.0.0.3:80", random: random)).Dial.Address.ToString()));
    }

    [Fact]
    [Trait("behaviour", "ZT-64")]
    public void WeightedWaypoints_AreChosenByWeight()
    {
        PutWeighted([75, 25]);
        Random random = new(64);
        int first = Enumerable.Range(0, 10_000).Count(_ => ((Tunnel)Resolve("127.0.0.3:80", random: random)).Dial.Address.ToString() == "127.0.0.20");
        Assert.InRange(first, 7_300, 7_700);
    }

    private void PutWeighted(uint[] weights)
    {
        _mesh.Put(Workload("wp0", "127.0.0.20"), Workload("wp1", "127.0.0.21"));
        _mesh.Put(Service("example.com", "127.0.0.3", spec =>
        {
            spec.Waypoint = Gateway("127.0.0.10", 15008);
            spec.WeightedWaypoints.AddRange(weights.Select((weight, i) => new WeightedWaypoint(Gateway($"127.0.0.2{i}", 15008), weight)));
        }));
    }

    private void PutGateway() => _mesh.Put(Workload("gateway", "10.22.1.1", spec => spec.Network = "remote"));

    private static Workload RemoteEndpoint(string hostname) => Workload("far", null, spec =>
    {
        spec.Network = "remote";
        spec.NetworkGateway = Gateway("remote/10.22.1.1", 15009);
        Join(spec, hostname);
    });
}
