using System.Net;
using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Tests.Clusters;

/// <summary>One mesh of several clusters (control-plane reference section 9).</summary>
public sealed class ClusterMergeTests
{
    private const string Global = """{"istio.io/global":"true"}""";
    private const string App = """{"app":"a"}""";
    private const string Captured = """{"ambient.istio.io/redirection":"enabled"}""";
    private const string Name = "ns1/web.ns1.svc.company.com";
    private const string Gateway = """{"gatewayClassName":"istio-east-west","listeners":[{"name":"mesh","port":15008,"protocol":"HBONE","tls":{"mode":"Terminate"}}]}""";
    private const string Split = "remote-network/SplitHorizonWorkload/istio-gateways/ew/172.0.1.2/" + Name;
    private readonly ClusterSet _set = new();

    [Fact]
    [Trait("behaviour", "CP-275")]
    public void GlobalService_HasItsEndpointsOfAllClusters()
    {
        Web(_set.Own, "10.1.0.1");
        Cluster near = _set.Remote("near", "testnetwork");
        Web(near, "10.2.0.1");
        Cluster far = _set.Remote("far", "remote-network");
        Web(far, "10.3.0.1");
        East(far);
        _set.Events();
        _set.Own.Pod("here", "10.0.0.1", App, Captured, spec: """{"serviceAccountName":"sa-here"}""");
        near.Pod("there", "10.0.1.1", App, Captured, spec: """{"serviceAccountName":"sa-near"}""");
        far.Pod("beyond", "10.0.0.1", App, Captured, spec: """{"serviceAccountName":"sa-far"}""");

        Assert.Equal($"+cluster0//Pod/ns1/here +near//Pod/ns1/there +{Name} +{Split}", _set.Events());
        Assert.Equal(("near", "testnetwork"), (_set.Workload("near//Pod/ns1/there").ClusterId, _set.Workload("near//Pod/ns1/there").Network));
        Assert.Equal(["spiffe://cluster.local/ns/ns1/sa/sa-far"], _set.Service(Name).SubjectAltNames);

        Workload behind = _set.Workload(Split);
        Assert.Empty(behind.Addresses);
        Assert.Equal((TunnelProtocol.Hbone, WorkloadType.Pod, "remote-network", "far", "", 1u), (behind.TunnelProtocol, behind.WorkloadType, behind.Network, behind.ClusterId, behind.ServiceAccount, behind.Capacity));
        Assert.Equal(("172.0.1.2", "remote-network", 15008u), (new IPAddress(behind.NetworkGateway.Address.Address.Span).ToString(), behind.NetworkGateway.Address.Network, behind.NetworkGateway.HboneMtlsPort));
        Assert.Equal([(80u, 8080u)], behind.Services[Name].Ports.Select(static port => (port.ServicePort, port.TargetPort)));
        Assert.Equal([Name], _set.Resources[Split].Groups);
    }

    [Fact]
    [Trait("behaviour", "CP-276")]
    public void LocalService_IsNotMerged()
    {
        Web(_set.Own, "10.1.0.1", "{}");
        Cluster far = _set.Remote("far", "remote-network");
        Web(far, "10.3.0.1", "{}");
        _set.Flush();
        Assert.Equal(["testnetwork/10.1.0.1"], Addresses());

        // Global there alone: our own says that it is not.
        Web(far, "10.3.0.1");
        _set.Flush();
        Assert.Equal(["testnetwork/10.1.0.1"], Addresses());

        _set.Own.NoService("web");
        _set.Flush();
        Assert.Equal(["remote-network/10.3.0.1"], Addresses());

        Web(_set.Own, "10.1.0.1");
        _set.Flush();
        Assert.Equal(["remote-network/10.3.0.1", "testnetwork/10.1.0.1"], Addresses());
        Assert.Equal(["remote-network/10.3.0.1", "testnetwork/10.1.0.1"], _set.Resources[Name].Aliases.Order(StringComparer.Ordinal));

        Web(far, "10.3.0.1", "{}");
        _set.Flush();
        Assert.Equal(["testnetwork/10.1.0.1"], Addresses());
    }

    [Fact]
    [Trait("behaviour", "CP-277")]
    public void GatewayOfARemoteCluster_IsKnown()
    {
        East(_set.Remote("far", "remote-network"));
        _set.Flush();

        Workload gateway = _set.Workload("NetworkGateway/remote-network/172.0.1.2/0");
        Assert.Equal(("istio-gateways", "ew", "remote-network", ""), (gateway.Namespace, gateway.ServiceAccount, gateway.Network, gateway.TrustDomain));
        Assert.Equal(["172.0.1.2"], gateway.Addresses.Select(static address => new IPAddress(address.Span).ToString()));

        // Workloads that are written down here go through it as well.
        _set.Own.WorkloadEntry("e", """{"address":"10.10.10.1","network":"remote-network"}""");
        _set.Flush();
        Assert.Equal(15008u, _set.Workload("cluster0/networking.istio.io/WorkloadEntry/ns1/e").NetworkGateway.HboneMtlsPort);
        _set.Leave("far");
        _set.Flush();
        Assert.Null(_set.Workload("cluster0/networking.istio.io/WorkloadEntry/ns1/e").NetworkGateway);
    }

    [Fact]
    public void GatewayOfARemoteCluster_IsNotBelievedForAnotherNetwork()
    {
        Cluster far = _set.Remote("far", "remote-network");
        far.Gateway("evil", "172.0.1.9", ClusterSet.Network("third-network"), Gateway, ns: "istio-gateways");
        far.Gateway("right", "172.0.1.8", ClusterSet.Network("remote-network"), Gateway, ns: "istio-gateways");
        _set.Flush();
        Assert.Equal(["NetworkGateway/remote-network/172.0.1.8/0"], _set.Resources.Keys.Where(static name => name.StartsWith("NetworkGateway/", StringComparison.Ordinal)));
    }

    [Fact]
    public void GatewayThatOurOwnClusterNames_IsOneWorkload_WithTheIdentityThatWeSay()
    {
        East(_set.Remote("far", "remote-network"));
        _set.Flush();
        Assert.Equal("ew", Gateways().Single().ServiceAccount);
        _set.Own.Gateway("x", "172.0.1.2", ClusterSet.Network("remote-network"), """{"gatewayClassName":"istio-remote","listeners":[{"name":"mesh","port":15008,"protocol":"HBONE"}]}""", ns: "istio-gateways");
        _set.Flush();
        Assert.Equal("x-istio-remote", Gateways().Single().ServiceAccount);
        _set.Own.Index.SetGateway(new Kubernetes.Resources.ResourceKey("istio-gateways", "x"), null);
        _set.Flush();
        Assert.Equal("ew", Gateways().Single().ServiceAccount);
    }

    [Fact]
    [Trait("behaviour", "CP-278")]
    public void Merging_KeepsWhatTheBaseSays()
    {
        _set.Own.Gateway("wp", "10.9.0.1", """{"istio.io/waypoint-for":"all"}""", """{"gatewayClassName":"istio-waypoint","listeners":[{"port":15008,"protocol":"HBONE"}]}""");
        Web(_set.Own, "10.1.0.1", """{"istio.io/global":"true","istio.io/use-waypoint":"wp","istio.io/ingress-use-waypoint":"true"}""");
        Cluster far = _set.Remote("far", "remote-network");
        Web(far, "10.3.0.1", ports: """[{"port":81}]""");
        far.Pod("beyond", "10.0.0.1", App, Captured, spec: """{"serviceAccountName":"sa-far"}""");
        _set.Flush();

        Service merged = _set.Service(Name);
        Assert.NotNull(merged.Waypoint);
        Assert.True(merged.IngressUseWaypoint);
        Assert.True(merged.Canonical);
        Assert.Equal([80u], merged.Ports.Select(static port => port.ServicePort));
        Assert.Equal(["spiffe://cluster.local/ns/ns1/sa/sa-far"], merged.SubjectAltNames);
    }

    [Fact]
    [Trait("behaviour", "CP-279")]
    public void ClusterThatLeaves_LeavesNothing()
    {
        Web(_set.Own, "10.1.0.1");
        _set.Own.Pod("here", "10.0.0.1", App, Captured);
        string alone = _set.Text();
        for (int round = 0; round < 3; round++)
        {
            foreach ((string id, string network) in new[] { ("near", "testnetwork"), ("far", "remote-network") })
            {
                Cluster remote = _set.Remote(id, network);
                Web(remote, "10.3.0.1");
                East(remote);
                remote.Pod("p", "10.0.2.1", App, Captured);
            }

            Assert.NotEqual(alone, _set.Text());
            _set.Reconnect("far");
            _set.Flush();
            _set.Leave("near");
            _set.Leave("far");
            Assert.Equal(alone, _set.Text());
            Assert.Equal((0, 0, 0, 0, 0), _set.Merge.Held);
        }
    }

    [Fact]
    [Trait("behaviour", "CP-280")]
    public void Waypoint_IsFoundByNameAndByAddress()
    {
        Web(_set.Own, "10.1.0.1", """{"istio.io/global":"true","istio.io/use-waypoint":"wp"}""");
        _set.Own.Gateway("wp", "wp.ns1.svc.company.com", spec: """{"gatewayClassName":"istio-waypoint","listeners":[{"port":15008,"protocol":"HBONE"}]}""");
        _set.Flush();
        Assert.Equal("wp.ns1.svc.company.com", _set.Service(Name).Waypoint.Hostname.Hostname);
        _set.Own.Gateway("wp", "10.9.0.1", spec: """{"gatewayClassName":"istio-waypoint","listeners":[{"port":15008,"protocol":"HBONE"}]}""");
        _set.Flush();
        Assert.Equal("testnetwork", _set.Service(Name).Waypoint.Address.Network);
    }

    [Fact]
    public void ServiceOfAGlobalWaypoint_IsGlobal()
    {
        const string Bound = """{"istio.io/use-waypoint":"wp"}""";
        const string Instance = """{"gateway.networking.k8s.io/gateway-name":"wp","istio.io/global":"true"}""";
        Cluster far = _set.Remote("far", "remote-network");
        foreach (Cluster cluster in new[] { _set.Own, far })
        {
            Web(cluster, cluster == far ? "10.3.0.1" : "10.1.0.1", Bound);
            cluster.Gateway("wp", "10.9.0.1", spec: """{"gatewayClassName":"istio-waypoint","listeners":[{"port":15008,"protocol":"HBONE"}]}""");
        }

        _set.Flush();
        Assert.Single(Addresses());
        foreach (Cluster cluster in new[] { _set.Own, far })
        {
            cluster.Service("wp", """{"clusterIP":"10.9.0.1","ports":[{"port":15008}]}""", Instance);
        }

        _set.Flush();
        Assert.Equal(2, Addresses().Length);
        _set.Own.NoService("wp");
        _set.Flush();
        Assert.Single(Addresses());
    }

    [Fact]
    public void Summary_CountsWhoIsReadyAndReachable()
    {
        Web(_set.Own, "10.1.0.1");
        Cluster far = _set.Remote("far", "remote-network");
        Web(far, "10.3.0.1");
        far.Pod("a", "10.0.0.1", App, Captured);
        far.Pod("b", "10.0.0.2", App, Captured);
        far.Pod("c", "10.0.0.3", App, Captured, spec: """{"serviceAccountName":"sa-c"}""", isReady: false);
        far.Pod("outside", "10.0.0.4", App);
        _set.Flush();
        Assert.DoesNotContain(Split, _set.Resources.Keys);

        East(far);
        _set.Flush();
        Assert.Equal((2u, WorkloadStatus.Healthy), (_set.Workload(Split).Capacity, _set.Workload(Split).Status));
        far.Pod("a", "10.0.0.1", App, Captured, isReady: false);
        far.Pod("b", "10.0.0.2", App, Captured, isReady: false);
        _set.Events();
        Assert.Equal((3u, WorkloadStatus.Unhealthy), (_set.Workload(Split).Capacity, _set.Workload(Split).Status));

        far.NoPod("a");
        far.NoPod("b");
        far.NoPod("c");
        Assert.Equal($"+{Name} -{Split}", _set.Events());
        Assert.Empty(_set.Service(Name).SubjectAltNames);
    }

    [Fact]
    public void SeveralGateways_ShareTheWeight()
    {
        Web(_set.Own, "10.1.0.1");
        Cluster far = _set.Remote("far", "remote-network");
        Web(far, "10.3.0.1");
        East(far);
        far.Gateway("ew2", "172.0.1.3", spec: Gateway, ns: "istio-gateways");
        for (int i = 0; i < 5; i++)
        {
            far.Pod("p" + i, "10.0.0." + i, App, Captured);
        }

        _set.Flush();
        Assert.Equal((3u, 3u), (_set.Workload(Split).Capacity, _set.Workload(Split.Replace("ew/172.0.1.2", "ew2/172.0.1.3", StringComparison.Ordinal)).Capacity));
    }

    [Fact]
    public void PodOnOurNetwork_IsNoEndpointOfWhatIsNotGlobal()
    {
        Web(_set.Own, "10.1.0.1");
        Cluster near = _set.Remote("near", "testnetwork");
        Web(near, "10.2.0.1");
        near.Service("only", """{"clusterIP":"10.2.0.9","selector":{"app":"a"},"ports":[{"port":80}]}""");
        near.Pod("p", "10.0.1.1", App, Captured);
        _set.Flush();
        Assert.Equal([Name], _set.Workload("near//Pod/ns1/p").Services.Keys);
        Assert.DoesNotContain("ns1/only.ns1.svc.company.com", _set.Resources.Keys);

        Web(_set.Own, "10.1.0.1", "{}");
        _set.Flush();
        Assert.Empty(_set.Workload("near//Pod/ns1/p").Services);
        Assert.Empty(_set.Resources["near//Pod/ns1/p"].Groups);
    }

    [Fact]
    public void PoliciesOfOurCluster_AreThoseOfAll()
    {
        Cluster near = _set.Remote("near", "testnetwork");
        near.Pod("p", "10.0.1.1", App, Captured);
        near.Authorization("theirs", """{"action":"DENY","selector":{"matchLabels":{"app":"a"}}}""");
        _set.Own.Authorization("ours", """{"action":"DENY","selector":{"matchLabels":{"app":"a"}}}""");
        _set.Own.Index.ShareWith(near.Index);
        near.NoAuthorization("theirs");
        _set.Flush();
        Assert.Equal(["ns1/ours"], _set.Workload("near//Pod/ns1/p").AuthorizationPolicies);
        Assert.Equal("ns1/ours", Assert.Single(_set.Resources.Keys, static name => name.EndsWith("ours", StringComparison.Ordinal)));
        _set.Leave("near");
        Assert.Contains("ns1/ours", _set.Resources.Keys);
    }

    [Fact]
    public void NetworkThatIsRenamed_MovesItsWorkloads()
    {
        Web(_set.Own, "10.1.0.1");
        Cluster remote = _set.Remote("far", "remote-network");
        Web(remote, "10.3.0.1");
        East(remote);
        remote.Pod("p", "10.0.1.1", App, Captured);
        _set.Flush();
        Assert.Contains(Split, _set.Resources.Keys);

        _set.Own.Namespace("istio-system", ClusterSet.Network("remote-network"));
        _set.Flush();
        Assert.DoesNotContain(Split, _set.Resources.Keys);
        Assert.Contains("far//Pod/ns1/p", _set.Resources.Keys);

        remote.Namespace("istio-system", ClusterSet.Network("third"));
        _set.Flush();
        Assert.Contains(Split.Replace("remote-network", "third", StringComparison.Ordinal), _set.Resources.Keys);
        Assert.DoesNotContain("far//Pod/ns1/p", _set.Resources.Keys);
    }

    [Fact]
    public void OnePodElsewhere_CostsWhatDependsOnIt()
    {
        Web(_set.Own, "10.1.0.1");
        Cluster far = _set.Remote("far", "remote-network");
        Web(far, "10.3.0.1");
        East(far);
        for (int i = 0; i < 500; i++)
        {
            far.Pod("p" + i, $"10.0.{i / 250}.{i % 250}", App, Captured);
            far.Service("s" + i, """{"ports":[{"port":80}]}""", Global);
        }

        _set.Flush();
        long before = _set.Merge.Computed;
        far.Pod("new", "10.1.0.1", App, Captured);
        _set.Flush();
        Assert.Equal(1, _set.Merge.Computed - before);
        Assert.Equal(501u, _set.Workload(Split).Capacity);
    }

    private static void Web(Cluster cluster, string ip, string labels = Global, string ports = """[{"port":80,"targetPort":8080}]""") =>
        cluster.Service("web", $$"""{"clusterIP":"{{ip}}","selector":{"app":"a"},"ports":{{ports}}}""", labels);

    private static void East(Cluster cluster) => cluster.Gateway("ew", "172.0.1.2", spec: Gateway, ns: "istio-gateways");

    private Workload[] Gateways() => [.. _set.Resources.Keys.Where(static name => name.StartsWith("NetworkGateway/", StringComparison.Ordinal)).Select(_set.Workload)];

    private string[] Addresses() => [.. _set.Service(Name).Addresses.Select(static address => $"{address.Network}/{new IPAddress(address.Address.Span)}")];
}
