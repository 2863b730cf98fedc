using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

public sealed class PodTests
{
    private const string Uid = "cluster0//Pod/ns1/p";
    private readonly Cluster _cluster = new();

    [Fact]
    [Trait("behaviour", "CP-1")]
    [Trait("behaviour", "CP-2")]
    [Trait("behaviour", "CP-3")]
    public void Phases_AndReadiness()
    {
        _cluster.RawPod("p", """{"metadata":{"name":"p","namespace":"ns1"},"status":{"phase":"Pending"}}""");
        Assert.Equal("", _cluster.Events());
        _cluster.RawPod("p", """{"metadata":{"name":"p","namespace":"ns1"},"status":{"phase":"Pending","podIP":"1.2.3.4"}}""");
        Workload workload = _cluster.Workload(Uid);
        Assert.Equal(("p", "p", "p", "latest", "testnetwork", "cluster0"), (workload.Name, workload.CanonicalName, workload.WorkloadName, workload.CanonicalRevision, workload.Network, workload.ClusterId));
        Assert.Equal((WorkloadType.Pod, WorkloadStatus.Unhealthy, 1, ""), (workload.WorkloadType, workload.Status, workload.Addresses.Count, workload.TrustDomain));
        _cluster.RawPod("p", """{"metadata":{"name":"p","namespace":"ns1"},"status":{"phase":"Running","podIP":"1.2.3.4"}}""");
        Assert.Equal(WorkloadStatus.Unhealthy, _cluster.Workload(Uid).Status);
        _cluster.Pod("p", "1.2.3.4");
        Assert.Equal(WorkloadStatus.Healthy, _cluster.Workload(Uid).Status);
        foreach (string gone in new[] { "Failed", "Succeeded" })
        {
            _cluster.RawPod("p", $$$"""{"metadata":{"name":"p","namespace":"ns1"},"status":{"phase":"{{{gone}}}","podIP":"1.2.3.4"}}""");
            Assert.Empty(_cluster.Names);
        }

        _cluster.Pod("p", "no address");
        Assert.Empty(_cluster.Names);
    }

    [Theory]
    [Trait("behaviour", "CP-4")]
    [InlineData("ReplicaSet", "rs", "{}", "rs-", "rs")]
    [InlineData("ReplicaSet", "web-abc12", """{"pod-template-hash":"abc12"}""", "web-abc12-", "web")]
    [InlineData("ReplicaSet", "web-abc12", """{"rollouts-pod-template-hash":"abc12"}""", "web-abc12-", "web")]
    [InlineData("Job", "nightly-28123456", "{}", "nightly-28123456-", "nightly")]
    [InlineData("Job", "nightly-1", "{}", "nightly-1-", "nightly-1")]
    [InlineData("ReplicationController", "dc-1", """{"deploymentconfig":"dc"}""", "dc-1-", "dc")]
    [InlineData("StatefulSet", "db", """{"service.istio.io/workload-name":"own"}""", "db-", "own")]
    [InlineData("ReplicaSet", "rs", "{}", "", "p")]
    public void WorkloadName_ComesFromTheOwner(string kind, string owner, string labels, string generateName, string expected)
    {
        _cluster.RawPod("p", $$$"""
            {"metadata":{"name":"p","namespace":"ns1","generateName":"{{{generateName}}}","labels":{{{labels}}},"ownerReferences":[{"kind":"{{{kind}}}","name":"{{{owner}}}","controller":true}]},
             "status":{"phase":"Running","podIP":"1.2.3.4"}}
            """);

        Assert.Equal((expected, expected), (_cluster.Workload(Uid).WorkloadName, _cluster.Workload(Uid).CanonicalName));
    }

    [Fact]
    [Trait("behaviour", "CP-5")]
    [Trait("behaviour", "CP-6")]
    public void Services_AndNamedPorts()
    {
        _cluster.Service("s", """{"selector":{"app":"foo"},"ports":[{"port":80,"targetPort":8080,"name":"a"},{"port":81,"targetPort":"named"},{"port":82,"targetPort":"absent"},{"port":83,"protocol":"UDP"}]}""");
        _cluster.Pod("p", "1.2.3.4", """{"app":"foo"}""", spec: """{"serviceAccountName":"sa","nodeName":"n","containers":[{"name":"c","ports":[{"name":"named","containerPort":9090}]}]}""");

        Workload workload = _cluster.Workload(Uid);
        Assert.Equal(("foo", "sa", "n"), (workload.CanonicalName, workload.ServiceAccount, workload.Node));
        Assert.Equal(["80>8080", "81>9090"], workload.Services["ns1/s.ns1.svc.company.com"].Ports.Select(port => $"{port.ServicePort}>{port.TargetPort}"));
        Assert.Equal(["80>8080", "81>0", "82>0"], _cluster.Service("ns1/s.ns1.svc.company.com").Ports.Select(port => $"{port.ServicePort}>{port.TargetPort}"));
        Assert.Equal(["testnetwork/1.2.3.4"], _cluster.Content(Uid).Aliases);
    }

    [Fact]
    [Trait("behaviour", "CP-7")]
    public void Locality_FollowsTheNode()
    {
        _cluster.Pod("p", "1.2.3.4", spec: """{"nodeName":"n"}""", isReady: false);
        _cluster.Events();
        _cluster.Index.SetNode("n", Cluster.Read(Kubernetes.Resources.KnownResources.Nodes, Cluster.Meta("n", "", """{"topology.kubernetes.io/region":"r","topology.kubernetes.io/zone":"z"}""", "{}")));

        Assert.Equal("+" + Uid, _cluster.Events());
        Assert.Equal(("r", "z", WorkloadStatus.Unhealthy), (_cluster.Workload(Uid).Locality.Region, _cluster.Workload(Uid).Locality.Zone, _cluster.Workload(Uid).Status));
        long computed = _cluster.Index.Computed;
        _cluster.Index.SetNode("n", Cluster.Read(Kubernetes.Resources.KnownResources.Nodes, Cluster.Meta("n", "", """{"topology.kubernetes.io/region":"r","topology.kubernetes.io/zone":"z","heartbeat":"7"}""", "{}")));
        Assert.Equal(("", computed), (_cluster.Events(), _cluster.Index.Computed));
    }

    [Fact]
    [Trait("behaviour", "CP-8")]
    public void Policies_OfOwnAndRootNamespaceAreListed()
    {
        const string Matching = """{"selector":{"matchLabels":{"app":"foo"}}}""";
        _cluster.Authorization("foreign", Matching, "other");
        _cluster.Authorization("local-ns", Matching);
        _cluster.Authorization("not", """{"selector":{"matchLabels":{"app":"bar"}}}""");
        _cluster.Authorization("root-ns", Matching, "istio-system");
        _cluster.Authorization("wide", "{}");
        _cluster.Authorization("audit", """{"action":"AUDIT","selector":{"matchLabels":{"app":"foo"}}}""");
        _cluster.Pod("p", "1.2.3.4", """{"app":"foo"}""");

        Assert.Equal(["istio-system/root-ns", "ns1/local-ns"], _cluster.Workload(Uid).AuthorizationPolicies);
    }

    [Fact]
    [Trait("behaviour", "CP-11")]
    [Trait("behaviour", "CP-39")]
    public void Slices_WithoutPods_AreWorkloads()
    {
        _cluster.Service("svc", """{"ports":[{"port":443,"name":"https"}]}""");
        _cluster.Pod("p", "1.2.3.4");
        _cluster.Slice("svc-123", """
            {"metadata":{"name":"svc-123","namespace":"ns1","labels":{"kubernetes.io/service-name":"svc"}},"addressType":"IPv4",
             "endpoints":[{"addresses":["1.2.3.4"]}],"ports":[{"name":"https","port":6443,"protocol":"TCP"}]}
            """);

        Assert.Empty(_cluster.Workload(Uid).Services);
        Workload workload = _cluster.Workload("cluster0/discovery.k8s.io/EndpointSlice/ns1/svc-123/1.2.3.4");
        Assert.Equal(("svc-123", NetworkMode.HostNetwork, WorkloadStatus.Healthy), (workload.Name, workload.NetworkMode, workload.Status));
        Assert.Equal(["443>6443"], workload.Services["ns1/svc.ns1.svc.company.com"].Ports.Select(port => $"{port.ServicePort}>{port.TargetPort}"));

        _cluster.Slice("svc-123", """
            {"metadata":{"name":"svc-123","namespace":"ns1","labels":{"kubernetes.io/service-name":"svc"}},"addressType":"IPv4",
             "endpoints":[{"addresses":["1.2.3.4"],"targetRef":{"kind":"Pod","name":"p","namespace":"ns1","uid":"uid-p"}}],"ports":[{"name":"https","port":6443,"protocol":"TCP"}]}
            """);
        Assert.Single(_cluster.Workload(Uid).Services);
        Assert.DoesNotContain("cluster0/discovery.k8s.io/EndpointSlice/ns1/svc-123/1.2.3.4", _cluster.Names);
    }

    [Fact]
    [Trait("behaviour", "CP-17")]
    public void Tunnels()
    {
        _cluster.Pod("p", "1.2.3.4", annotations: """{"ambient.istio.io/redirection":"enabled"}""");
        Assert.Equal((TunnelProtocol.Hbone, false), (_cluster.Workload(Uid).TunnelProtocol, _cluster.Workload(Uid).NativeTunnel));
        _cluster.Pod("p", "1.2.3.4", """{"networking.istio.io/tunnel":"x,http","security.istio.io/tlsMode":"istio"}""");
        Assert.Equal((TunnelProtocol.Hbone, true), (_cluster.Workload(Uid).TunnelProtocol, _cluster.Workload(Uid).NativeTunnel));
        _cluster.Pod("p", "1.2.3.4", """{"security.istio.io/tlsMode":"istio","istio.io/dataplane-mode":"ambient"}""");
        Assert.Equal(TunnelProtocol.None, _cluster.Workload(Uid).TunnelProtocol);
        _cluster.WorkloadEntry("e", """{"address":"2.3.4.5","labels":{"app":"x"}}""", """{"networking.istio.io/tunnel":"http"}""");
        Assert.Equal((TunnelProtocol.Hbone, true), (_cluster.Workload("cluster0/networking.istio.io/WorkloadEntry/ns1/e").TunnelProtocol, _cluster.Workload("cluster0/networking.istio.io/WorkloadEntry/ns1/e").NativeTunnel));
    }

    [Fact]
    [Trait("behaviour", "CP-16")]
    [Trait("behaviour", "CP-18")]
    [Trait("behaviour", "CP-19")]
    [Trait("behaviour", "CP-20")]
    [Trait("behaviour", "CP-30")]
    public void WorkloadEntries()
    {
        const string Uid = "cluster0/networking.istio.io/WorkloadEntry/ns1/";
        _cluster.Service("s", """{"selector":{"app":"foo"},"ports":[{"port":80,"targetPort":8080}]}""");
        _cluster.ServiceEntry("se", """{"hosts":["h"],"resolution":"STATIC","workloadSelector":{"labels":{"app":"bar"}},"ports":[{"number":80,"name":"80","targetPort":8080},{"number":81,"name":"81"},{"number":82,"name":"82"}]}""");
        _cluster.WorkloadEntry("meta", """{"address":"2.0.0.1"}""", """{"app":"foo"}""");
        _cluster.WorkloadEntry("spec", """{"address":"2.0.0.2","labels":{"app":"foo"},"weight":7,"network":"far"}""");
        _cluster.WorkloadEntry("none", """{"address":""}""");
        _cluster.WorkloadEntry("none2", """{"address":""}""");
        _cluster.WorkloadEntry("ports", """{"address":"2.0.0.3","labels":{"app":"bar"},"ports":{"81":8180}}""");

        Assert.Equal("80>8080", Ports(_cluster.Workload(Uid + "meta"), "ns1/s.ns1.svc.company.com"));
        Assert.Equal(("80>8080", 7u, "far"), (Ports(_cluster.Workload(Uid + "spec"), "ns1/s.ns1.svc.company.com"), _cluster.Workload(Uid + "spec").Capacity, _cluster.Workload(Uid + "spec").Network));
        Assert.Equal(("none", 0, 0), (_cluster.Workload(Uid + "none").CanonicalName, _cluster.Workload(Uid + "none").Services.Count, _cluster.Workload(Uid + "none2").Addresses.Count));
        Assert.Equal("80>8080 81>8180 82>82", Ports(_cluster.Workload(Uid + "ports"), "ns1/h"));
    }

    private static string Ports(Workload workload, string service) => string.Join(' ', workload.Services[service].Ports.Select(port => $"{port.ServicePort}>{port.TargetPort}"));
}
