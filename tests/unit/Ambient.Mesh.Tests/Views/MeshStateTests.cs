using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Routing;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using static Ambient.Mesh.Tests.TestMesh;

namespace Ambient.Mesh.Tests.Views;

/// <summary>The table of ztunnel.md 12 E.</summary>
public class MeshStateTests
{
    private readonly TestMesh _mesh = new();

    private static Workload Member(string name, string address = "10.0.0.1", WorkloadStatus status = WorkloadStatus.Healthy) => Workload(name, address, spec =>
    {
        spec.Status = status;
        Join(spec, "s.com");
    });

    private static LoadBalancing AllowAll => new([], LoadBalancingMode.Standard, HealthPolicy.AllowAll);

    [Fact]
    [Trait("behaviour", "ZT-83")]
    [Trait("behaviour", "ZT-86")]
    public void WorkloadBeforeItsService_IsStaged()
    {
        _mesh.Put(Member("a"));
        _mesh.AssertStaged("ns/s.com:a");
        Assert.Null(_mesh.ServiceAt("9.9.9.9"));

        _mesh.Put(Service("s.com", "9.9.9.9"));
        _mesh.AssertStaged();
        Assert.Equal(["a"], _mesh.EndpointsOf("s.com"));

        _mesh.Put(Member("b", "10.0.0.2"));
        _mesh.AssertStaged();
        Assert.Equal(["a", "b"], _mesh.EndpointsOf("s.com"));
        Assert.Same(_mesh.View.FindServiceByHost("ns", "s.com"), _mesh.ServiceAt("9.9.9.9"));
    }

    [Fact]
    [Trait("behaviour", "ZT-84")]
    public void ServiceSentAgain_KeepsItsEndpointsAndOnlyItsNewVips()
    {
        _mesh.Put(Member("a"));
        _mesh.Put(Service("s.com", "9.9.9.1"));
        _mesh.Put(Service("s.com", "9.9.9.1", spec => spec.Vips.Add(Address("9.9.9.2"))));
        Assert.Equal(1, _mesh.ServiceAt("9.9.9.1")!.EndpointCount);
        Assert.Same(_mesh.ServiceAt("9.9.9.1"), _mesh.ServiceAt("9.9.9.2"));
        Assert.Equal(1, _mesh.View.ServiceCount);

        _mesh.Put(Service("s.com", "9.9.9.2"));
        Assert.Null(_mesh.ServiceAt("9.9.9.1"));
        Assert.Equal(1, _mesh.ServiceAt("9.9.9.2")!.EndpointCount);
    }

    [Theory]
    [Trait("behaviour", "ZT-85")]
    [InlineData("/invalid")]
    [InlineData("a/b/c")]
    [InlineData("nothing")]
    [InlineData("")]
    public void RemovingAnUnknownName_IsIgnored(string name) => Assert.Equal([name], _mesh.Remove(name).UnknownRemovals);

    [Fact]
    [Trait("behaviour", "ZT-87")]
    [Trait("behaviour", "ZT-100")]
    public void RemovedWorkloads_LeaveTheService()
    {
        _mesh.Put(Service("s.com", "9.9.9.9"));
        _mesh.Put(Member("a"), Member("b", "10.0.0.2"));
        _mesh.Remove("cluster1//Pod/ns/a");
        Assert.Equal(["b"], _mesh.EndpointsOf("s.com"));
        Assert.Null(_mesh.View.FindWorkload(Address("10.0.0.1")));
        _mesh.Remove("cluster1//Pod/ns/b");
        Assert.Empty(_mesh.EndpointsOf("s.com"));
        Assert.NotNull(_mesh.ServiceAt("9.9.9.9"));
        Assert.IsType<Refused>(DestinationResolver.Resolve(_mesh.View, new OutboundQuery { Source = Workload("s", "1.1.1.1"), SourceAddress = default, Target = IpPort.Parse("9.9.9.9:80"), OwnNetwork = "" }));
    }

    [Fact]
    [Trait("behaviour", "ZT-88")]
    [Trait("behaviour", "ZT-89")]
    public void WorkloadSentAgainWithoutServiceOrUnhealthy_IsNoEndpoint()
    {
        _mesh.Put(Service("s.com", "9.9.9.9"));
        _mesh.Put(Member("a"), Member("b", "10.0.0.2"));
        _mesh.Put(Workload("a", "10.0.0.1"));
        Assert.Equal(["b"], _mesh.EndpointsOf("s.com"));
        _mesh.Put(Member("b", "10.0.0.2", WorkloadStatus.Unhealthy));
        Assert.Empty(_mesh.EndpointsOf("s.com"));
    }

    [Fact]
    [Trait("behaviour", "ZT-90")]
    public void TwoWorkloadsOnOneAddress_TheBestIsFound()
    {
        Workload entry = Workload("entry", "10.0.0.1", spec => spec.Uid = "cluster1/networking.istio.io/WorkloadEntry/ns/entry");
        _mesh.Put(Workload("pod", "10.0.0.1"), entry);
        Assert.Equal("pod", _mesh.View.FindWorkload(Address("10.0.0.1"))!.Name);
        Assert.Equal(2, _mesh.View.WorkloadCount);
        _mesh.Remove("cluster1//Pod/ns/pod");
        Assert.Equal("entry", _mesh.View.FindWorkload(Address("10.0.0.1"))!.Name);
        Assert.Equal("entry", _mesh.View.FindWorkloadByUid("cluster1/networking.istio.io/WorkloadEntry/ns/entry")!.Name);
        _mesh.Remove(entry.Uid);
        Assert.Null(_mesh.View.FindWorkload(Address("10.0.0.1")));
        Assert.Equal(0, _mesh.View.Networks.Count);
    }

    [Theory]
    [InlineData("x//Pod/a", TunnelProtocol.None, "x/Entry/b", TunnelProtocol.Hbone, "x//Pod/a")]
    [InlineData("x//Pod/a", TunnelProtocol.Hbone, "x//Pod/b", TunnelProtocol.None, "x//Pod/a")]
    [InlineData("x/Entry/a", TunnelProtocol.Hbone, "x/Entry/b", TunnelProtocol.None, "x/Entry/a")]
    [InlineData("x/Entry/a", TunnelProtocol.None, "x/Entry/b", TunnelProtocol.None, "x/Entry/b")]
    public void SharedAddress_IsRanked(string first, TunnelProtocol firstProtocol, string second, TunnelProtocol secondProtocol, string expected)
    {
        Workload Make(string uid, TunnelProtocol protocol) => Workload(uid[^1..], "10.0.0.1", spec =>
        {
            spec.Uid = uid;
            spec.Protocol = protocol;
        });
        _mesh.Put(Make(first, firstProtocol));
        _mesh.Put(Make(second, secondProtocol));
        Assert.Equal(expected, _mesh.View.FindWorkload(Address("10.0.0.1"))!.Uid);
    }

    [Theory]
    [Trait("behaviour", "ZT-91")]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void StagedUnhealthyEndpoint_JoinsOnlyAServiceThatAdmitsIt(bool allowAll, int expected)
    {
        _mesh.Put(Member("a"), Member("b", "10.0.0.2", WorkloadStatus.Unhealthy));
        _mesh.Put(Service("s.com", "9.9.9.9", spec => spec.LoadBalancing = allowAll ? AllowAll : null));
        Assert.Equal(expected, _mesh.ServiceAt("9.9.9.9")!.EndpointCount);
    }

    [Fact]
    public void HealthPolicySwitchedBack_FindsTheEndpointsAgain()
    {
        _mesh.Put(Member("a"), Member("b", "10.0.0.2", WorkloadStatus.Unhealthy));
        foreach ((bool allowAll, int expected) in new[] { (true, 2), (false, 1), (true, 2) })
        {
            _mesh.Put(Service("s.com", "9.9.9.9", spec => spec.LoadBalancing = allowAll ? AllowAll : null));
            Assert.Equal(expected, _mesh.ServiceAt("9.9.9.9")!.EndpointCount);
        }
    }

    [Fact]
    public void ServiceThatComesBack_HasItsEndpoints()
    {
        _mesh.Put(Member("a"));
        _mesh.Put(Service("s.com", "9.9.9.9"));
        _mesh.Remove("ns/s.com");
        _mesh.AssertStaged("ns/s.com:a");
        Assert.Null(_mesh.ServiceAt("9.9.9.9"));
        _mesh.Put(Service("s.com", "9.9.9.9"));
        Assert.Equal(["a"], _mesh.EndpointsOf("s.com"));
    }

    [Fact]
    [Trait("behaviour", "ZT-92")]
    [Trait("behaviour", "ZT-93")]
    public void EndpointReplacedInOneBatch_IsTheLastOne()
    {
        _mesh.Put(Service("s.com", "9.9.9.9"));
        _mesh.Put(Workload("a", "10.0.0.1", spec => Join(spec, "s.com", (80, 8080))));
        _mesh.Put(Workload("a", "10.0.0.1", spec => Join(spec, "s.com", (80, 8080))), Workload("a", "10.0.0.1", spec => Join(spec, "s.com", (90, 9090))));
        Assert.Equal(PortMap.Of((90, 9090)), _mesh.ServiceAt("9.9.9.9")!.Endpoints.Single().Ports);
        _mesh.Put(Member("a"), Member("a", status: WorkloadStatus.Unhealthy));
        Assert.Empty(_mesh.EndpointsOf("s.com"));
    }

    [Fact]
    public void SameObjectTwiceInABatch_IsOneEndpoint()
    {
        _mesh.Put(Service("s.com", "9.9.9.9"));
        Workload a = Member("a"), other = Member("a", "10.0.0.2");
        _mesh.Put(a, a, other, a);
        Assert.Equal(["a"], _mesh.EndpointsOf("s.com"));
        Assert.NotNull(_mesh.View.FindWorkload(Address("10.0.0.1")));
        Assert.Null(_mesh.View.FindWorkload(Address("10.0.0.2")));
    }

    [Fact]
    [Trait("behaviour", "ZT-94")]
    [Trait("behaviour", "ZT-95")]
    public void StagedEndpoints_GoOneByOne()
    {
        _mesh.Put(Member("a"), Member("b", "10.0.0.2"), Member("c", "10.0.0.3"));
        _mesh.AssertStaged("ns/s.com:a,b,c");
        _mesh.Remove("cluster1//Pod/ns/a");
        _mesh.AssertStaged("ns/s.com:b,c");
        _mesh.Remove("cluster1//Pod/ns/a");
        _mesh.AssertStaged("ns/s.com:b,c");
        _mesh.Put(Workload("b", "10.0.0.2"));
        _mesh.AssertStaged("ns/s.com:c");
        _mesh.Remove("cluster1//Pod/ns/c");
        _mesh.AssertStaged();
        Assert.Equal(0, _mesh.View.Slots.Count);
    }

    [Fact]
    [Trait("behaviour", "ZT-96")]
    public void PolicyWithAnotherScope_NoLongerAppliesToTheNamespace()
    {
        AuthorizationPolicy policy = new() { Name = "p", Namespace = "ns", Scope = PolicyScope.Namespace, Action = PolicyAction.Deny, Rules = [new PolicyRule([])] };
        ConnectionFacts facts = new(IpPort.Parse("1.1.1.1:1"), IpPort.Parse("1.1.1.2:2"), null, "");
        Assert.True(_mesh.Put(policy).PoliciesChanged);
        Assert.False(PolicyEngine.Evaluate(_mesh.View, facts, Workload("w")).IsAllowed);
        _mesh.Put(policy with { Scope = PolicyScope.WorkloadSelector });
        Assert.True(PolicyEngine.Evaluate(_mesh.View, facts, Workload("w")).IsAllowed);
        Assert.False(PolicyEngine.Evaluate(_mesh.View, facts, Workload("w", null, spec => spec.AuthorizationPolicies.Add("ns/p"))).IsAllowed);
        Assert.Equal(1, _mesh.View.Policies.Count);
    }

    [Theory]
    [Trait("behaviour", "ZT-97")]
    [Trait("behaviour", "ZT-98")]
    [InlineData(true)]
    [InlineData(false)]
    public void Batch_IndexesAServiceOnce(bool withService)
    {
        MeshBatch batch = new();
        for (int i = 0; i < 200; i++)
        {
            batch.Workloads.Add(Member($"w{i}", $"10.0.0.{i}", i % 2 == 0 ? WorkloadStatus.Healthy : WorkloadStatus.Unhealthy));
        }

        if (withService)
        {
            batch.Services.Add(Service("s.com", "9.9.9.9"));
        }
        else
        {
            _mesh.Put(Service("s.com", "9.9.9.9"));
        }

        ChangeSummary summary = _mesh.State.Apply(batch);
        Assert.Equal(1, summary.ServicesReindexed);
        Assert.Equal(100, _mesh.ServiceAt("9.9.9.9")!.EndpointCount);
        _mesh.AssertStaged();
    }

    [Fact]
    [Trait("behaviour", "ZT-101")]
    public void ServiceOnAnotherNetworkThanItsWorkload_IsResolved()
    {
        _mesh.Put(Workload("local", "127.0.0.5", spec =>
        {
            spec.Namespace = "default";
            spec.ServiceAccount = "local";
            Join(spec, "s.com", (80, 8080));
        }));
        _mesh.Put(Service("s.com", "remote/127.10.0.1", spec => spec.Ports = PortMap.Of((80, 8080))));
        Endpoint endpoint = _mesh.ServiceAt("remote/127.10.0.1")!.Endpoints.Single();
        Assert.True(endpoint.Ports.TryGet(80, out ushort target));
        Assert.Equal(8080, target);
        Assert.Equal("spiffe://cluster.local/ns/default/sa/local", endpoint.Workload!.Identity.ToString());
    }

    [Fact]
    [Trait("behaviour", "ZT-102")]
    public void Changed_TellsAWaiterOfItsWorkload()
    {
        LocalWorkload wanted = new("late", "ns", "late-account");
        Workload? found = null;
        int calls = 0;
        _mesh.State.Changed += (view, summary) =>
        {
            calls++;
            Assert.Same(view, _mesh.State.Current);
            found ??= summary.WorkloadsChanged ? view.FindLocalWorkload(wanted) : null;
        };
        _mesh.Put(Workload("early", "10.0.0.1"));
        Assert.Null(found);
        _mesh.Put(Workload("late", "10.0.0.2"));
        Assert.Equal("late", found!.Name);
        Assert.Equal(2, calls);
    }

    [Fact]
    [Trait("behaviour", "ZT-103")]
    public void Lookups_FindWhatIsThereAndNothingElse()
    {
        _mesh.Put(Workload("w", "10.0.0.1", spec => spec.Hostname = "w.example"));
        _mesh.Put(Service("s.com", "9.9.9.9"));
        Assert.Equal("w", _mesh.View.FindWorkload(Address("10.0.0.1"))!.Name);
        Assert.Equal("s.com", _mesh.ServiceAt("9.9.9.9")!.Hostname);
        Assert.Null(_mesh.View.FindWorkload(Address("9.9.9.9")));
        Assert.Null(_mesh.View.FindWorkload(Address("other/10.0.0.1")));
        Assert.Null(_mesh.ServiceAt("10.0.0.1"));
        Assert.Null(_mesh.View.FindServiceByHost("ns", "t.com"));
        Assert.Null(_mesh.View.FindServiceByHost("other", "s.com"));
        Assert.Equal("w", _mesh.View.FindWorkloadByHost(new NamespacedHostname("ns", "w.example"))!.Name);
        Assert.Null(_mesh.View.FindWorkloadByHost(new NamespacedHostname("other", "w.example")));
        Assert.Null(_mesh.View.FindWorkloadByHost(new NamespacedHostname("ns", "")));
    }

    [Fact]
    public void LocalWorkload_IsFoundByNameNamespaceAccountAndNode()
    {
        TestMesh mesh = new("n1");
        Workload On(string node) => Workload("w", "10.0.0.1", spec =>
        {
            spec.Node = node;
            spec.Uid = $"x//Pod/{node}/w";
            spec.NetworkMode = NetworkMode.HostNetwork;
        });
        mesh.Put(On("n2"));
        Assert.Null(mesh.View.FindLocalWorkload(new LocalWorkload("w", "ns", "w-account")));
        Assert.True(mesh.Put(On("n1")).LocalWorkloadsChanged);
        Assert.Equal("n1", mesh.View.FindLocalWorkload(new LocalWorkload("w", "ns", "w-account"))!.Node);
        Assert.Null(mesh.View.FindLocalWorkload(new LocalWorkload("w", "ns", "other")));
        Assert.False(mesh.Remove("x//Pod/n2/w").LocalWorkloadsChanged);
        Assert.True(mesh.Remove("x//Pod/n1/w").LocalWorkloadsChanged);
        Assert.Null(mesh.View.FindLocalWorkload(new LocalWorkload("w", "ns", "w-account")));
    }

    [Fact]
    public void LocalIdentities_AreAnnouncedWithTheFirstAndForgottenWithTheLast()
    {
        TestMesh mesh = new("n1");
        Workload Local(string name, TunnelProtocol protocol = TunnelProtocol.Hbone, string node = "n1") => Workload(name, null, spec =>
        {
            spec.Node = node;
            spec.Protocol = protocol;
            spec.ServiceAccount = "sa";
        });
        SpiffeId id = new("cluster.local", "ns", "sa");
        Assert.Empty(mesh.Put(Local("elsewhere", node: "n2")).LocalIdentitiesAdded);
        Assert.Empty(mesh.Put(Local("plain", TunnelProtocol.None)).LocalIdentitiesAdded);
        Assert.Equal([id], mesh.Put(Local("a")).LocalIdentitiesAdded);
        Assert.Empty(mesh.Put(Local("b")).LocalIdentitiesAdded);
        Assert.Empty(mesh.Put(Local("b")).LocalIdentitiesRemoved);
        Assert.Empty(mesh.Remove("cluster1//Pod/ns/a", "cluster1//Pod/ns/b").LocalIdentitiesRemoved);
        Assert.Equal([id], mesh.Remove("cluster1//Pod/ns/plain").LocalIdentitiesRemoved);
    }

    [Fact]
    public void OldViews_StayAsTheyWere()
    {
        _mesh.Put(Service("s.com", "9.9.9.9"));
        _mesh.Put(Member("a"));
        MeshView old = _mesh.View;
        _mesh.Put(Member("b", "10.0.0.2"));
        _mesh.Remove("cluster1//Pod/ns/a", "ns/s.com");
        Assert.Equal("a", old.FindWorkload(Address("10.0.0.1"))!.Name);
        Assert.Equal(1, old.FindService(Address("9.9.9.9"), null)!.EndpointCount);
        Assert.Null(old.FindWorkload(Address("10.0.0.2")));
        Assert.Equal(old.Version + 2, _mesh.View.Version);
    }

    [Fact]
    public void Enumerations_AreSortedAsTheDumpNeedsThem()
    {
        _mesh.Put(Workload("b", "10.0.0.2"), Workload("a", "10.0.0.1"), Workload("c", null, spec => Join(spec, "x.com")));
        _mesh.Put(Service("z.com"), Service("a.com"));
        _mesh.Put(Policy("q"), Policy("p"));
        Assert.Equal(["a", "b", "c"], _mesh.View.WorkloadsByUid.Select(w => w.Name));
        Assert.Equal(["a.com", "z.com"], _mesh.View.ServicesByHostname.Select(s => s.Hostname));
        Assert.Equal(["ns/p", "ns/q"], _mesh.View.Policies.ByKey.Select(p => p.Key));
        _mesh.AssertStaged("ns/x.com:c");
        static AuthorizationPolicy Policy(string name) => new() { Name = name, Namespace = "ns" };
    }

    [Fact]
    public void StaticEndpoints_AreLookedUpByUid()
    {
        _mesh.Put(Workload("a", "10.0.0.1"));
        _mesh.Put(Service("s.com", "9.9.9.9", spec =>
        {
            spec.StaticEndpoints.Add(new StaticEndpoint("cluster1//Pod/ns/a", PortMap.Of((80, 7070)), WorkloadStatus.Healthy));
            spec.StaticEndpoints.Add(new StaticEndpoint("nobody", PortMap.Empty, WorkloadStatus.Healthy));
            spec.StaticEndpoints.Add(new StaticEndpoint("ill", PortMap.Empty, WorkloadStatus.Unhealthy));
        }));
        Destination destination = DestinationResolver.Resolve(_mesh.View, new OutboundQuery { Source = Workload("s", "1.1.1.1"), SourceAddress = default, Target = IpPort.Parse("9.9.9.9:80"), OwnNetwork = "" });
        Assert.Equal("10.0.0.1:7070", Assert.IsType<Direct>(destination).Dial.ToString());
        Assert.Equal(2, _mesh.ServiceAt("9.9.9.9")!.EndpointCount);
        Assert.True(_mesh.ServiceAt("9.9.9.9")!.HasEndpoint(_mesh.View.FindWorkload(Address("10.0.0.1"))!));
    }

    [Fact]
    public void EqualParts_AreShared_AndForgottenWhenUnused()
    {
        Workload Make(string name, string account) => Workload(name, null, spec => spec.ServiceAccount = account);
        Workload a = Make("a", "sa"), b = Make("b", "sa");
        _mesh.Put(a, b);
        Assert.Same(a.Identity, b.Identity);
        Assert.Same(a.Kind, b.Kind);
        for (int round = 0; round < 40; round++)
        {
            MeshBatch batch = new();
            for (int i = 0; i < 500; i++)
            {
                batch.Workloads.Add(Make($"w{i}", $"sa{round}-{i}"));
            }

            _mesh.State.Apply(batch);
        }

        Workload c = Make("c", "sa");
        _mesh.Put(c);
        Assert.Same(a.Kind, c.Kind);
        Assert.Equal(503, _mesh.View.WorkloadCount);
    }
}
