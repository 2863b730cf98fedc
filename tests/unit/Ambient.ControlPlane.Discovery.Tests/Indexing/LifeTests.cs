using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.Istio.Security;
using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

/// <summary>What comes of objects during their lives, and which resources a change touches.</summary>
public sealed class LifeTests
{
    private const string Entries = "cluster0/networking.istio.io/WorkloadEntry/ns1/";
    private const string All = """{"istio.io/waypoint-for":"all"}""";
    private const string Use = """{"istio.io/use-waypoint":"wp"}""";
    private readonly Cluster _cluster = new();

    [Fact]
    [Trait("behaviour", "CP-9")]
    public void Pod_NamesAReadyWaypoint()
    {
        _cluster.Gateway("wp", "10.9.9.9", All);
        _cluster.Pod("p", "10.0.0.1", Use);
        Assert.Equal(9, _cluster.Workload(Pod("p")).Waypoint.Address.Address[3]);
    }

    [Fact]
    [Trait("behaviour", "CP-12")]
    [Trait("behaviour", "CP-15")]
    public void Pods_AreListedByUidAndAddress_AsSoonAsTheyHaveOne()
    {
        _cluster.Pod("ready", "127.0.0.1", spec: """{"nodeName":"n1","serviceAccountName":"sa1"}""");
        _cluster.Pod("unready", "127.0.0.2", isReady: false);
        _cluster.RawPod("pending", """{"metadata":{"name":"pending","namespace":"ns1"},"status":{"phase":"Pending","podIP":"127.0.0.3"}}""");
        _cluster.RawPod("nowhere", """{"metadata":{"name":"nowhere","namespace":"ns1"},"status":{"phase":"Pending"}}""");

        Assert.Equal([Pod("pending"), Pod("ready"), Pod("unready")], _cluster.Names);
        Assert.Equal(
            [WorkloadStatus.Unhealthy, WorkloadStatus.Healthy, WorkloadStatus.Unhealthy],
            _cluster.Names.Select(name => _cluster.Workload(name).Status));
        Assert.Equal(["testnetwork/127.0.0.1"], _cluster.Content(Pod("ready")).Aliases);
        Assert.Equal(("n1", "sa1"), (_cluster.Workload(Pod("ready")).Node, _cluster.Workload(Pod("ready")).ServiceAccount));
    }

    [Fact]
    [Trait("behaviour", "CP-13")]
    public void ClusterWithoutAName_IsAnEmptyOne()
    {
        var index = new MeshIndex(Cluster.Settings with { ClusterId = "" });
        index.SetPod(new ResourceKey("ns1", "pod1"), Cluster.Read(KnownResources.Pods, """{"metadata":{"name":"pod1","namespace":"ns1"},"status":{"podIP":"10.0.0.1"}}"""));
        Assert.Equal("//Pod/ns1/pod1", index.Take().Single().Name);
    }

    [Fact]
    [Trait("behaviour", "CP-23")]
    public void EntryThatIsAWaypointsInstance_IsReachedThroughItsTunnel()
    {
        _cluster.Gateway("wp", "10.9.9.9", All, annotations: """{"ambient.istio.io/waypoint-inbound-binding":"PROXY/15088"}""", spec: """{"listeners":[{"port":15088,"protocol":"HTTP"}]}""");
        _cluster.WorkloadEntry("e", """{"address":"10.0.0.1"}""", """{"gateway.networking.k8s.io/gateway-name":"wp","istio.io/use-waypoint":"wp"}""");

        Workload entry = _cluster.Workload(Entries + "e");
        Assert.Equal((15088u, null), (entry.ApplicationTunnel.Port, entry.Waypoint));
    }

    [Fact]
    [Trait("behaviour", "CP-31")]
    [Trait("behaviour", "CP-34")]
    public void Entries_JoinAndLeaveAService_EachAlone()
    {
        const string App = """{"app":"a"}""", Other = """{"app":"a","version":"v2"}""";
        const string Service = "ns1/s.ns1.svc.company.com";
        _cluster.Service("s", """{"selector":{"app":"a"},"ports":[{"port":80}]}""");
        _cluster.Events();
        _cluster.WorkloadEntry("e1", """{"address":"10.0.0.1"}""", App);
        Assert.Equal($"+{Entries}e1", _cluster.Events());
        _cluster.WorkloadEntry("e2", """{"address":"10.0.0.2"}""", Other);
        _cluster.WorkloadEntry("e3", """{"address":"10.0.0.3"}""");
        Assert.Equal($"+{Entries}e2 +{Entries}e3", _cluster.Events());
        Assert.Empty(_cluster.Workload(Entries + "e3").Services);

        _cluster.WorkloadEntry("e3", """{"address":"10.0.0.4"}""");
        Assert.Equal($"+{Entries}e3", _cluster.Events());
        _cluster.WorkloadEntry("e3", """{"address":"10.0.0.4"}""", App);
        Assert.Equal($"+{Entries}e3", _cluster.Events());
        _cluster.Service("s", """{"selector":{"app":"a","version":"v2"},"ports":[{"port":80}]}""");
        Assert.Equal($"+{Entries}e1 +{Entries}e3", _cluster.Events());
        _cluster.NoService("s");
        Assert.Equal($"+{Entries}e2 -{Service}", _cluster.Events());
    }

    [Fact]
    [Trait("behaviour", "CP-32")]
    public void WhereServicesSelectNoEntries_OnlyPodsAreTheirs_AndServiceEntriesGoOn()
    {
        const string App = """{"app":"a"}""";
        var cluster = new Cluster(Cluster.Settings with { ServicesSelectEntries = false }, isRemote: false);
        cluster.Service("s", """{"selector":{"app":"a"},"ports":[{"port":80}]}""");
        cluster.ServiceEntry("x", """{"hosts":["x.com"],"resolution":"STATIC","ports":[{"number":80,"name":"http","protocol":"HTTP"}],"workloadSelector":{"labels":{"app":"a"}}}""");
        cluster.WorkloadEntry("e", """{"address":"10.0.0.1"}""", App);
        cluster.Pod("p", "10.0.0.2", App);
        cluster.Events();
        Assert.Equal(["ns1/x.com"], cluster.Workload(Entries + "e").Services.Keys);
        Assert.Equal(["ns1/s.ns1.svc.company.com", "ns1/x.com"], cluster.Workload(Pod("p")).Services.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    [Trait("behaviour", "CP-35")]
    [Trait("behaviour", "CP-110")]
    public void NamespacesWaypoint_ComesToEntriesAtOnce_AndItsPodsTouchNobody()
    {
        _cluster.Namespace("ns1", Use);
        _cluster.WorkloadEntry("e1", """{"address":"10.0.0.1"}""");
        _cluster.WorkloadEntry("e2", """{"address":"10.0.0.2"}""");
        _cluster.Events();
        _cluster.Gateway("wp", "10.9.9.9", All);
        Assert.Equal($"+{Entries}e1 +{Entries}e2", _cluster.Events());

        _cluster.Pod("wp-1", "10.0.0.9", """{"gateway.networking.k8s.io/gateway-name":"wp"}""");
        Assert.Equal("+" + Pod("wp-1"), _cluster.Events());
        _cluster.NoPod("wp-1");
        Assert.Equal("-" + Pod("wp-1"), _cluster.Events());
    }

    [Fact]
    [Trait("behaviour", "CP-108")]
    public void NamespacesWaypoint_IsNotForPodsWithOneOfTheirOwn()
    {
        _cluster.Namespace("ns1", Use);
        _cluster.Pod("a", "10.0.0.1");
        _cluster.Pod("b", "10.0.0.2");
        _cluster.Pod("own", "10.0.0.3", """{"istio.io/use-waypoint":"other"}""");
        _cluster.Events();
        _cluster.Gateway("wp", "10.9.9.9", All);
        Assert.Equal($"+{Pod("a")} +{Pod("b")}", _cluster.Events());
        _cluster.Gateway("other", "10.9.9.8", All);
        Assert.Equal("+" + Pod("own"), _cluster.Events());
    }

    [Fact]
    [Trait("behaviour", "CP-116")]
    public void LabelledService_ShowsItsWaypointsName()
    {
        _cluster.Gateway("test-wp", "test-wp.ns1.svc.company.com", All);
        _cluster.Service("s", """{"selector":{"app":"a"}}""");
        _cluster.Pod("p", "10.0.0.1", """{"app":"a"}""");
        _cluster.Events();
        _cluster.Service("s", """{"selector":{"app":"a"}}""", """{"istio.io/use-waypoint":"test-wp"}""");
        Assert.Equal("+ns1/s.ns1.svc.company.com", _cluster.Events());
        Assert.Equal("test-wp.ns1.svc.company.com", _cluster.Service("ns1/s.ns1.svc.company.com").Waypoint.Hostname.Hostname);
    }

    [Fact]
    [Trait("behaviour", "CP-37")]
    public void Endpoint_NamesItsOwnWaypoint()
    {
        const string Prefix = "cluster0/networking.istio.io/ServiceEntry/ns1/se/";
        _cluster.Gateway("wp", "10.9.9.9", All);
        _cluster.ServiceEntry("se", """{"hosts":["a.example"],"resolution":"STATIC","endpoints":[{"address":"2.3.4.5"},{"address":"3.4.5.6","labels":{"istio.io/use-waypoint":"wp"}}]}""");
        Assert.Null(_cluster.Workload(Prefix + "2.3.4.5").Waypoint);
        Assert.NotNull(_cluster.Workload(Prefix + "3.4.5.6").Waypoint);
    }

    [Fact]
    [Trait("behaviour", "CP-40")]
    [Trait("behaviour", "CP-41")]
    [Trait("behaviour", "CP-42")]
    [Trait("behaviour", "CP-43")]
    public void ServiceEntry_SelectsPodsAndEntriesOfItsNamespace_AlsoWithOneAddress()
    {
        const string Spec = """{"hosts":["a.example"],"resolution":"STATIC","ports":[{"number":80,"name":"http"}],"workloadSelector":{"labels":{"app":"a"}}}""";
        _cluster.Pod("p", "10.0.0.1", """{"app":"a"}""");
        _cluster.Pod("q", "10.0.0.1", """{"app":"b"}""");
        _cluster.WorkloadEntry("e", """{"address":"10.0.0.1"}""", """{"app":"a"}""");
        _cluster.WorkloadEntry("f", """{"address":"10.0.0.1"}""", """{"app":"b"}""");
        Assert.Equal($"+{Pod("p")} +{Pod("q")} +{Entries}e +{Entries}f", _cluster.Events());
        Assert.All(_cluster.Names, name => Assert.Equal(["testnetwork/10.0.0.1"], _cluster.Content(name).Aliases));

        _cluster.ServiceEntry("far", Spec, ns: "ns2");
        Assert.Equal("+ns2/a.example", _cluster.Events());
        _cluster.ServiceEntry("near", Spec);

        // The host is canonical in one namespace; both made it at the same moment, so the first by name has it.
        Assert.Equal($"+{Pod("p")} +{Entries}e +ns1/a.example +ns2/a.example", _cluster.Events());
        Assert.Equal(["ns1/a.example"], _cluster.Workload(Pod("p")).Services.Keys);
        _cluster.NoServiceEntry("near");
        Assert.Equal($"+{Pod("p")} +{Entries}e +ns2/a.example -ns1/a.example", _cluster.Events());
        Assert.Empty(_cluster.Workload(Pod("p")).Services);
    }

    [Fact]
    [Trait("behaviour", "CP-136")]
    [Trait("behaviour", "CP-137")]
    [Trait("behaviour", "CP-138")]
    [Trait("behaviour", "CP-139")]
    [Trait("behaviour", "CP-140")]
    [Trait("behaviour", "CP-142")]
    public void Policies_TouchThemselvesAndWhomTheySelect()
    {
        const string Selector = """{"selector":{"matchLabels":{"app":"a"}}}""";
        _cluster.Pod("p", "10.0.0.1", """{"app":"a"}""");
        _cluster.Pod("q", "10.0.0.2", """{"app":"b"}""");
        _cluster.Events();
        _cluster.Authorization("global", "{}", "istio-system");
        _cluster.Authorization("namespace", "{}");
        Assert.Equal("+istio-system/global +ns1/namespace", _cluster.Events());
        Assert.Equal((Scope.Global, Scope.Namespace), (_cluster.Policy("istio-system/global").Scope, _cluster.Policy("ns1/namespace").Scope));
        Assert.Empty(_cluster.Workload(Pod("p")).AuthorizationPolicies);

        _cluster.Authorization("selector", Selector);
        Assert.Equal($"+{Pod("p")} +ns1/selector", _cluster.Events());
        _cluster.Authorization("global-selector", Selector, "istio-system");
        Assert.Equal($"+{Pod("p")} +istio-system/global-selector", _cluster.Events());
        Assert.Equal(["istio-system/global-selector", "ns1/selector"], _cluster.Workload(Pod("p")).AuthorizationPolicies);

        // The rules alone are no business of the workloads.
        _cluster.Authorization("selector", """{"selector":{"matchLabels":{"app":"a"}},"rules":[{"from":[{"source":{"principals":["x"]}}]}]}""");
        Assert.Equal("+ns1/selector", _cluster.Events());
        _cluster.Authorization("global-selector", """{"selector":{"matchLabels":{"app":"c"}}}""", "istio-system");
        Assert.Equal("+" + Pod("p"), _cluster.Events());
        Assert.Equal(["ns1/selector"], _cluster.Workload(Pod("p")).AuthorizationPolicies);

        _cluster.Authorization("targeted", """{"targetRefs":[{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"wp"}]}""");
        _cluster.Authorization("canary", "{}", labels: """{"istio.io/rev":"canary"}""");
        Assert.Equal("", _cluster.Events());
        _cluster.Authorization("ours", "{}", labels: """{"istio.io/rev":"default"}""");
        Assert.Equal("+ns1/ours", _cluster.Events());
    }

    [Fact]
    [Trait("behaviour", "CP-141")]
    [Trait("behaviour", "CP-160")]
    public void ServiceThatSelectsAPod_ComesWithIt_AndLaterPoliciesAreOnThePod()
    {
        const string Service = "ns1/s.ns1.svc.company.com";
        _cluster.Pod("p", "10.0.0.1", """{"app":"a"}""");
        _cluster.Pod("q", "10.0.0.2", """{"app":"b"}""");
        _cluster.Events();
        _cluster.Service("s", """{"selector":{"app":"a"},"ports":[{"port":80}]}""");
        Assert.Equal($"+{Pod("p")} +{Service}", _cluster.Events());
        _cluster.Service("s", """{"selector":{"app":"b"},"ports":[{"port":80}]}""");
        Assert.Equal($"+{Pod("p")} +{Pod("q")}", _cluster.Events());

        // Whoever asks for the service gets its workloads as they are.
        _cluster.Authorization("late", """{"selector":{"matchLabels":{"app":"b"}}}""");
        Assert.Equal([Service], _cluster.Content(Pod("q")).Groups);
        Assert.Equal(["ns1/late"], _cluster.Workload(Pod("q")).AuthorizationPolicies);
    }

    [Fact]
    [Trait("behaviour", "CP-155")]
    public void Policies_ComeBeforeWhatPeerAuthenticationsBecome()
    {
        _cluster.Pod("p", "10.0.0.1", """{"app":"a"}""");
        _cluster.Peer("strict", """{"mtls":{"mode":"STRICT"}}""");
        _cluster.Authorization("selector", """{"selector":{"matchLabels":{"app":"a"}}}""");
        Assert.Equal(["ns1/selector", "istio-system/istio_converted_static_strict"], _cluster.Workload(Pod("p")).AuthorizationPolicies);
    }

    private static string Pod(string name) => "cluster0//Pod/ns1/" + name;
}
