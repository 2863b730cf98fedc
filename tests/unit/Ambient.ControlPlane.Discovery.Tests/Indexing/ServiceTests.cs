using Ambient.Protocol.Istio.Workload;
using Scope = Ambient.Protocol.Istio.Workload.LoadBalancing.Types.Scope;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

public sealed class ServiceTests
{
    private const string Name = "ns1/s.ns1.svc.company.com";
    private readonly Cluster _cluster = new();

    [Theory]
    [Trait("behaviour", "CP-81")]
    [InlineData("10.1.2.3", "10.1.2.3")]
    [InlineData("10.1.2.3/32", "10.1.2.3")]
    [InlineData("::1", "::1")]
    [InlineData("fe80::1/10", "fe80::/10")]
    [InlineData("10.1.2.3/8", "10.0.0.0/8")]
    [InlineData("invalid", null)]
    [InlineData("10.1.2.3/33", null)]
    [InlineData("::1/129", null)]
    [InlineData("10.1.2.3/8/8", null)]
    public void AddressesOfEntries_AreAddressesOrBlocks(string written, string? told)
    {
        _cluster.ServiceEntry("x", $$"""{"hosts":["x.com"],"addresses":["{{written}}"],"ports":[{"number":80,"name":"http","protocol":"HTTP"}]}""");
        Assert.Equal(told is null ? "" : "+ns1/x.com", _cluster.Events());
        if (told is not null)
        {
            NetworkAddress only = Assert.Single(_cluster.Service("ns1/x.com").Addresses);
            Assert.Equal(told, new System.Net.IPAddress(only.Address.Span) + (only.HasLength ? $"/{only.Length}" : ""));
        }
    }

    [Fact]
    [Trait("behaviour", "CP-46")]
    [Trait("behaviour", "CP-47")]
    [Trait("behaviour", "CP-48")]
    [Trait("behaviour", "CP-49")]
    [Trait("behaviour", "CP-65")]
    public void KubernetesServices()
    {
        _cluster.Service("s", """{"clusterIP":"1.2.3.4","ports":[{"port":80,"name":"http","targetPort":81},{"port":90,"targetPort":"something"}]}""");
        Service service = _cluster.Service(Name);
        Assert.Equal(("s.ns1.svc.company.com", true, 1), (service.Hostname, service.Canonical, service.Addresses.Count));
        Assert.Equal([(80u, 81u, AppProtocol.Http11), (90u, 0u, AppProtocol.Unknown)], service.Ports.Select(port => (port.ServicePort, port.TargetPort, port.AppProtocol)));
        Assert.Equal(["testnetwork/1.2.3.4"], _cluster.Content(Name).Aliases);
        foreach (string headless in new[] { "None", "" })
        {
            _cluster.Service("s", $$"""{"clusterIP":"{{headless}}","clusterIPs":["{{headless}}"]}""");
            Assert.Empty(_cluster.Service(Name).Addresses);
        }

        _cluster.Service("s", """{"clusterIPs":["1.2.3.4","2001:db8::1"],"ipFamilies":["IPv4","IPv6"]}""");
        Assert.Equal((2, IPFamilies.Dual), (_cluster.Service(Name).Addresses.Count, _cluster.Service(Name).IpFamilies));
        _cluster.Service("s", """{"type":"ExternalName","externalName":"x"}""");
        Assert.Empty(_cluster.Names);
    }

    [Fact]
    [Trait("behaviour", "CP-50")]
    [Trait("behaviour", "CP-51")]
    [Trait("behaviour", "CP-52")]
    [Trait("behaviour", "CP-53")]
    [Trait("behaviour", "CP-54")]
    [Trait("behaviour", "CP-55")]
    [Trait("behaviour", "CP-56")]
    public void TrafficDistribution()
    {
        Scope[] zone = [Scope.Network, Scope.Region, Scope.Zone];
        Scope[] node = [.. zone, Scope.Subzone, Scope.Node];
        LoadBalancing Of(string spec, string annotations = "{}")
        {
            _cluster.Service("s", spec, annotations: annotations);
            return _cluster.Service(Name).LoadBalancing;
        }

        Assert.Equal(zone, Of("""{"trafficDistribution":"PreferClose"}""").RoutingPreference);
        Assert.Equal((LoadBalancing.Types.Mode.Failover, LoadBalancing.Types.HealthPolicy.AllowAll), (Of("""{"trafficDistribution":"PreferSameZone","publishNotReadyAddresses":true}""").Mode, _cluster.Service(Name).LoadBalancing.HealthPolicy));
        Assert.Equal(LoadBalancing.Types.HealthPolicy.OnlyHealthy, Of("""{"trafficDistribution":"PreferSameZone"}""").HealthPolicy);
        Assert.Equal(node, Of("""{"trafficDistribution":"PreferSameNode"}""").RoutingPreference);
        Assert.Equal((LoadBalancing.Types.Mode.UnspecifiedMode, LoadBalancing.Types.HealthPolicy.AllowAll), (Of("""{"publishNotReadyAddresses":true}""").Mode, _cluster.Service(Name).LoadBalancing.HealthPolicy));
        Assert.Equal(LoadBalancing.Types.Mode.Strict, Of("""{"internalTrafficPolicy":"Local","trafficDistribution":"PreferClose"}""").Mode);
        Assert.Null(Of("{}"));
        _cluster.Namespace("ns1", annotations: """{"networking.istio.io/traffic-distribution":"PreferClose"}""");
        Assert.Equal("+" + Name, _cluster.Events());
        Assert.Equal(zone, _cluster.Service(Name).LoadBalancing.RoutingPreference);
        Assert.Equal(node, Of("{}", """{"networking.istio.io/traffic-distribution":"prefersamenode"}""").RoutingPreference);
        Assert.Null(Of("{}", """{"networking.istio.io/traffic-distribution":"other"}"""));
    }

    [Fact]
    [Trait("behaviour", "CP-66")]
    [Trait("behaviour", "CP-67")]
    [Trait("behaviour", "CP-69")]
    [Trait("behaviour", "CP-70")]
    [Trait("behaviour", "CP-71")]
    [Trait("behaviour", "CP-78")]
    [Trait("behaviour", "CP-79")]
    [Trait("behaviour", "CP-80")]
    public void ServiceEntries()
    {
        const string Status = """{"addresses":[{"value":"240.240.0.1","host":"a.com"},{"value":"2001:2::1","host":"a.com"}]}""";
        string Addresses(string spec, string labels = "{}", string status = Status)
        {
            _cluster.ServiceEntry("se", spec, labels, status: status);
            return string.Join(' ', _cluster.Content("ns1/a.com").Aliases);
        }

        Assert.Equal("testnetwork/1.2.3.4", Addresses("""{"hosts":["a.com","b.com"],"addresses":["1.2.3.4"],"resolution":"DNS","subjectAltNames":["san1"],"ports":[{"number":80,"name":"http","protocol":"http"}]}"""));
        Assert.Equal(("san1", AppProtocol.Http11, 80u), (_cluster.Service("ns1/b.com").SubjectAltNames.Single(), _cluster.Service("ns1/b.com").Ports[0].AppProtocol, _cluster.Service("ns1/b.com").Ports[0].TargetPort));
        Assert.Equal("testnetwork/240.240.0.1 testnetwork/2001:2::1", Addresses("""{"hosts":["a.com"],"resolution":"DNS"}"""));
        Assert.Equal("", Addresses("""{"hosts":["a.com"],"resolution":"DNS"}""", """{"networking.istio.io/enable-autoallocate-ip":"false"}"""));
        Assert.Equal("", Addresses("""{"hosts":["a.com"],"resolution":"NONE"}"""));
        Assert.Equal((LoadBalancing.Types.Mode.Passthrough, LoadBalancing.Types.HealthPolicy.AllowAll), (_cluster.Service("ns1/a.com").LoadBalancing.Mode, _cluster.Service("ns1/a.com").LoadBalancing.HealthPolicy));
        Assert.Equal("testnetwork/10.0.0.0/24", Addresses("""{"hosts":["a.com"],"addresses":["10.0.0.0/24"]}"""));
        Assert.Equal("testnetwork/10.0.0.0/24", Addresses("""{"hosts":["a.com"],"addresses":["10.0.0.5/24"]}"""));
        Assert.Equal("testnetwork/1.2.3.4", Addresses("""{"hosts":["a.com"],"addresses":["1.2.3.4/32"]}"""));
        foreach (string bad in new[] { "invalid", "1.2.3.4/33", "1.2.3.4/x", "1.2.3.4/5/6", "7" })
        {
            _cluster.ServiceEntry("se", $$"""{"hosts":["a.com"],"addresses":["1.1.1.1","{{bad}}"]}""");
            Assert.Empty(_cluster.Names);
        }
    }

    [Fact]
    [Trait("behaviour", "CP-36")]
    [Trait("behaviour", "CP-38")]
    [Trait("behaviour", "CP-44")]
    [Trait("behaviour", "CP-45")]
    public void Endpoints()
    {
        const string Uid = "cluster0/networking.istio.io/ServiceEntry/ns1/se/";
        _cluster.ServiceEntry("se", """{"hosts":["a.com","b.com"],"resolution":"DNS","ports":[{"number":80,"name":"http"}]}""");
        Assert.Equal(("a.com", "ns1/a.com"), (_cluster.Workload(Uid + "a.com").Hostname, _cluster.Workload(Uid + "a.com").Services.Keys.Single()));
        _cluster.ServiceEntry("se", """{"hosts":["a.com"],"resolution":"STATIC","ports":[{"number":80,"name":"http"}],"endpoints":[{"address":"2.3.4.5","ports":{"http":8081}}]}""", """{"app":"e"}""");
        Assert.Equal((8081u, "se"), (_cluster.Workload(Uid + "2.3.4.5").Services["ns1/a.com"].Ports.Single().TargetPort, _cluster.Workload(Uid + "2.3.4.5").Name));
        Assert.DoesNotContain(Uid + "a.com", _cluster.Names);
        _cluster.Authorization("p", """{"selector":{"matchLabels":{"app":"e"}}}""");
        Assert.Equal(["ns1/p"], _cluster.Workload(Uid + "2.3.4.5").AuthorizationPolicies);
        _cluster.NoAuthorization("p");
        Assert.Empty(_cluster.Workload(Uid + "2.3.4.5").AuthorizationPolicies);
        _cluster.NoServiceEntry("se");
        Assert.Equal($"-{Uid}2.3.4.5 -ns1/a.com", _cluster.Events());
        Assert.Empty(_cluster.Names);
    }

    [Fact]
    [Trait("behaviour", "CP-92")]
    [Trait("behaviour", "CP-93")]
    public void HostContest()
    {
        foreach (string host in new[] { "foo.com", "*.foo.com" })
        {
            var cluster = new Cluster();
            string Spec(string address) => $$"""{"hosts":["{{host}}"],"resolution":"STATIC","endpoints":[{"address":"{{address}}"}]}""";
            cluster.ServiceEntry("first", Spec("1.0.0.1"), ns: "original", created: "2030-01-01T00:00:01Z");
            cluster.Events();
            Assert.True(cluster.Service($"original/{host}").Canonical);
            cluster.ServiceEntry("second", Spec("1.0.0.2"), created: "2030-01-01T00:00:02Z");
            cluster.Events();
            Assert.False(cluster.Service($"ns1/{host}").Canonical);
            cluster.ServiceEntry("third", Spec("1.0.0.3"), created: "2030-01-01T00:00:03Z");
            Assert.Equal("", cluster.Events());
            cluster.NoServiceEntry("first", "original");
            Assert.Equal($"+ns1/{host} -cluster0/networking.istio.io/ServiceEntry/original/first/1.0.0.1 -original/{host}", cluster.Events());
            Assert.True(cluster.Service($"ns1/{host}").Canonical);
            cluster.NoServiceEntry("second");
            Assert.Equal($"+cluster0/networking.istio.io/ServiceEntry/ns1/third/1.0.0.3 +ns1/{host} -cluster0/networking.istio.io/ServiceEntry/ns1/second/1.0.0.2", cluster.Events());
            Assert.True(cluster.Service($"ns1/{host}").Canonical);
        }
    }

    [Fact]
    [Trait("behaviour", "CP-96")]
    [Trait("behaviour", "CP-97")]
    [Trait("behaviour", "CP-98")]
    [Trait("behaviour", "CP-99")]
    [Trait("behaviour", "CP-100")]
    public void Events_AreExact()
    {
        string Pod(string name) => "cluster0//Pod/ns1/" + name;
        _cluster.Pod("p1", "10.0.0.1", """{"app":"a"}""");
        _cluster.Pod("p2", "10.0.0.2", """{"app":"a","v":"2"}""");
        _cluster.Pod("p3", "10.0.0.3", """{"app":"other"}""");
        _cluster.Events();
        _cluster.Service("s", """{"clusterIP":"10.1.0.1","selector":{"app":"a"},"ports":[{"port":80}]}""");
        Assert.Equal($"+{Pod("p1")} +{Pod("p2")} +{Name}", _cluster.Events());
        _cluster.Pod("p4", "10.0.0.4", """{"app":"a"}""");
        Assert.Equal("+" + Pod("p4"), _cluster.Events());
        _cluster.NoPod("p4");
        Assert.Equal("-" + Pod("p4"), _cluster.Events());
        _cluster.Service("s", """{"clusterIP":"10.1.0.1","selector":{"app":"a","v":"2"},"ports":[{"port":80}]}""");
        Assert.Equal("+" + Pod("p1"), _cluster.Events());
        _cluster.Pod("p3", "10.0.0.3", """{"app":"a","v":"2"}""");
        Assert.Equal("+" + Pod("p3"), _cluster.Events());
        _cluster.Pod("p3", "10.0.0.3", """{"app":"other"}""");
        Assert.Equal("+" + Pod("p3"), _cluster.Events());
        _cluster.NoService("s");
        Assert.Equal($"+{Pod("p2")} -{Name}", _cluster.Events());
    }

    [Fact]
    [Trait("behaviour", "CP-101")]
    public void Network_IsTheSystemNamespacesLabel()
    {
        var cluster = new Cluster(hasNetwork: false);
        cluster.Pod("p", "10.0.0.1");
        cluster.Service("s", """{"clusterIP":"10.1.0.1"}""");
        Assert.Equal("", cluster.Workload("cluster0//Pod/ns1/p").Network);
        foreach (string network in new[] { "nw1", "nw2" })
        {
            cluster.Namespace("istio-system", $$"""{"topology.istio.io/network":"{{network}}"}""");
            Assert.Equal((network, network), (cluster.Workload("cluster0//Pod/ns1/p").Network, cluster.Service(Name).Addresses[0].Network));
        }
    }

    [Fact]
    [Trait("behaviour", "CP-68")]
    [Trait("behaviour", "CP-72")]
    [Trait("behaviour", "CP-73")]
    public void AllocatedAddresses_AreOfTheirHost_AndOfWildcardsOnlyWithDynamicDns()
    {
        const string Status = """{"addresses":[{"host":"a.example","value":"240.240.0.1"},{"host":"b.example","value":"240.240.0.2"},{"host":"*.w.example","value":"240.240.0.3"}]}""";
        string Addresses(string host) => string.Join(' ', _cluster.Service("ns1/" + host).Addresses.Select(static address => new System.Net.IPAddress(address.Address.Span).ToString()));
        _cluster.ServiceEntry("se", """{"hosts":["a.example","b.example","*.w.example"],"resolution":"DNS"}""", status: Status);
        Assert.Equal(("240.240.0.1", "240.240.0.2", ""), (Addresses("a.example"), Addresses("b.example"), Addresses("*.w.example")));

        _cluster.Gateway("wp", "10.9.9.9");
        _cluster.ServiceEntry("se", """{"hosts":["*.w.example"],"resolution":"DYNAMIC_DNS"}""", """{"istio.io/use-waypoint":"wp","istio.io/ingress-use-waypoint":"true"}""", status: Status);
        Assert.Equal("240.240.0.3", Addresses("*.w.example"));
        Assert.NotNull(_cluster.Service("ns1/*.w.example").Waypoint);
    }

    [Fact]
    [Trait("behaviour", "CP-74")]
    [Trait("behaviour", "CP-75")]
    [Trait("behaviour", "CP-76")]
    [Trait("behaviour", "CP-77")]
    public void ServiceEntries_PreferByAnnotation_AndTakeIngressThroughTheWaypoint()
    {
        const string Key = "networking.istio.io/traffic-distribution", Spec = """{"hosts":["a.example"],"resolution":"STATIC"}""";
        int Scopes(string? own, string? ofNamespace)
        {
            _cluster.Namespace("ns1", "{}", ofNamespace is null ? "{}" : $$"""{"{{Key}}":"{{ofNamespace}}"}""");
            _cluster.ServiceEntry("se", Spec, annotations: own is null ? "{}" : $$"""{"{{Key}}":"{{own}}"}""");
            return _cluster.Service("ns1/a.example").LoadBalancing?.RoutingPreference.Count ?? 0;
        }

        Assert.Equal((5, 3, 3), (Scopes("PreferSameNode", null), Scopes("PreferSameZone", null), Scopes("PreferClose", null)));
        Assert.Equal((5, 3, 0), (Scopes(null, "PreferSameNode"), Scopes("PreferClose", "PreferSameNode"), Scopes(null, null)));

        _cluster.Gateway("wp", "10.9.9.9");
        _cluster.ServiceEntry("se", Spec, """{"istio.io/use-waypoint":"wp","istio.io/ingress-use-waypoint":"true"}""");
        Assert.True(_cluster.Service("ns1/a.example").IngressUseWaypoint);
    }

    [Fact]
    [Trait("behaviour", "CP-89")]
    [Trait("behaviour", "CP-91")]
    public void KubernetesService_IsCanonical_BeforeAnOlderEntryElsewhere()
    {
        const string Host = "s.ns1.svc.company.com";
        _cluster.ServiceEntry("se", $$"""{"hosts":["{{Host}}"],"resolution":"STATIC","addresses":["1.2.3.4"],"subjectAltNames":["san1"],"ports":[{"number":80,"name":"http","protocol":"HTTP"}]}""", ns: "ns2", created: "2020-01-01T00:00:00Z");
        Assert.True(_cluster.Service("ns2/" + Host).Canonical);
        Ambient.Protocol.Istio.Workload.Service before = _cluster.Service("ns2/" + Host).Clone();

        _cluster.Service("s", "{}");
        Assert.Equal((true, false), (_cluster.Service("ns1/" + Host).Canonical, _cluster.Service("ns2/" + Host).Canonical));
        before.Canonical = false;
        Assert.Equal(before, _cluster.Service("ns2/" + Host));
    }
}
