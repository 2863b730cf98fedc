using Ambient.Cli.Meshes;
using Ambient.Cli.Tests.Dumps;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cli.Tests.Meshes;

/// <summary>What <c>check</c> says about the facts of clusters.</summary>
public sealed class MeshCheckTests
{
    [Fact]
    public void HealthyMesh_HasNothingToMend()
    {
        IReadOnlyList<CheckLine> lines = MeshChecks.Of(Healthy());
        Assert.All(lines, l => Assert.Equal(CheckOutcome.Good, l.Outcome));
        Assert.Contains(lines, l => l.What == "namespace shop" && l.Evidence == "1 of 1 pods are in the mesh");
        Assert.Contains(lines, l => l.What == "ztunnel" && l.Evidence == "ready on all 2 nodes");
    }

    [Fact]
    public void EveryFault_IsNamed_WithEvidenceAndRemedy()
    {
        MeshFacts good = Healthy();
        (MeshFacts Facts, string What, string Evidence)[] table =
        [
            (good with { Version = "v1.19.3" }, "Kubernetes", "v1.19.3"),
            (good with { MissingKinds = ["Gateway"] }, "kinds of the mesh", "Gateway"),
            (good with { Pods = [.. good.Pods.Where(p => p.Metadata.Labels.Find("app") != "istiod")] }, "control plane", "no pod"),
            (good with { ControlPlaneSlices = [] }, "service of the control plane", "istiod.istio-system.svc:15012 leads nowhere"),
            (good with { ControlPlaneSlices = [Slice("istiod-canary", "10.0.0.2")] }, "service of the control plane", "leads nowhere"),
            (good with { ControlPlaneServices = [] }, "service of the control plane", "no Service"),
            (good with { RootNamespaces = new HashSet<string> { "istio-system" } }, "roots of trust", "shop"),
            (good with { Pods = [.. good.Pods.Where(p => p.Spec.NodeName != "n2" || p.Metadata.Labels.Find("app") != "ztunnel")] }, "ztunnel", "n2"),
            (good with { Pods = [.. good.Pods.Where(p => p.Metadata.Labels.Find("k8s-app") is null)] }, "node agent", "no pod"),
            (good with { Pods = [.. good.Pods, Pod("shop", "late", "n1", captured: false)] }, "namespace shop", "late"),
            (good with { Gateways = [Waypoint("shop", "waypoint", "False")] }, "waypoint shop/waypoint", "not programmed"),
            (good with { Gateways = [] }, "waypoint of namespace shop", "no such Gateway"),
            (good with { Clusters = FollowedCluster.Read("""[{"id":"far","syncStatus":"synced","problem":"pods: 401 Unauthorized"}]"""u8.ToArray()) }, "cluster far", "pods: 401"),
            (good with { Clusters = [new FollowedCluster("far", "timeout", "", "")] }, "cluster far", "timeout"),
            (good with { Unreadable = ["Node: 403 Forbidden"] }, "rights of this account", "403"),
        ];
        foreach ((MeshFacts facts, string what, string evidence) in table)
        {
            CheckLine line = Assert.Single(MeshChecks.Of(facts), l => l.Outcome == CheckOutcome.Failed && l.What == what);
            Assert.Contains(evidence, line.Evidence, StringComparison.Ordinal);
            Assert.NotEmpty(line.Remedy);
        }
    }

    [Fact]
    public void ClusterWithoutANetwork_IsAWarning()
    {
        MeshFacts facts = Healthy() with { Clusters = FollowedCluster.Read("""[{"id":"own","syncStatus":"synced"},{"id":"far","syncStatus":"synced","warning":"its network has no name"}]"""u8.ToArray()) };
        CheckLine line = Assert.Single(MeshChecks.Of(facts), static l => l.Outcome != CheckOutcome.Good);
        Assert.Equal((CheckOutcome.Warning, "cluster far", "its network has no name"), (line.Outcome, line.What, line.Evidence));
        Assert.Contains("topology.istio.io/network", line.Remedy, StringComparison.Ordinal);
        Assert.Empty(FollowedCluster.Read("no list"u8.ToArray()));
    }

    [Fact]
    public void ControlPlaneOfANamedRevisionAlone_IsFoundByItsLabel()
    {
        MeshFacts facts = Healthy() with { ControlPlaneServices = ["istiod-canary"], ControlPlaneSlices = [Slice("istiod-canary", "10.0.0.2")] };
        CheckLine line = Assert.Single(MeshChecks.Of(facts), static l => l.What == "service of the control plane");
        Assert.Equal((CheckOutcome.Good, "istiod-canary.istio-system.svc:15012 leads to 1 address"), (line.Outcome, line.Evidence));
    }

    /// <summary>Of two replicas one serves those that refuse: both are asked, and the same resource is one line.</summary>
    [Fact]
    public void WhatProxiesRefuse_IsALine_WithTheReason_AndWhoDoesNotAnswerToo()
    {
        ReplicaClients one = Read("""
            [{"id":"ztunnel~10.0.0.1~zt-1.istio-system~istio-system.svc.cluster.local","types":[{"type":"type.googleapis.com/istio.security.Authorization","refused":[{"name":"shop/p","reason":"bad port"}]}]},
             {"id":"ztunnel~10.0.0.2~zt-2.istio-system~istio-system.svc.cluster.local","types":[{"type":"type.googleapis.com/istio.workload.Address","unansweredSeconds":31},{"type":"x","unansweredSeconds":30}]}]
            """);
        ReplicaClients other = Read("""[{"id":"ztunnel~10.0.0.3~zt-3.istio-system~x","types":[{"type":"type.googleapis.com/istio.security.Authorization","refused":[{"name":"shop/p","reason":"bad port"}]}]}]""");
        CheckLine[] bad = [.. MeshChecks.Of(Healthy() with { Replicas = [one, other] }).Where(static l => l.Outcome != CheckOutcome.Good)];

        Assert.Equal([(CheckOutcome.Failed, "istio.security.Authorization shop/p"), (CheckOutcome.Warning, "what proxies hold")], bad.Select(static l => (l.Outcome, l.What)));
        Assert.Equal("refused by 2 proxies, each keeps what it had of it: zt-1.istio-system, zt-3.istio-system; bad port", bad[0].Evidence);
        Assert.Equal("1 of 3 proxies did not answer for 31 s: zt-2.istio-system", bad[1].Evidence);
        Assert.All(bad, static l => Assert.NotEmpty(l.Remedy));
        CheckLine good = Assert.Single(MeshChecks.Of(Healthy() with { Replicas = [Read("[]")] }), static l => l.What == "what proxies hold");
        Assert.Equal(CheckOutcome.Good, good.Outcome);
        Assert.Null(ReplicaClients.Read("r", "404 not found"u8.ToArray()));
    }

    private static ReplicaClients Read(string page) => ReplicaClients.Read("istiod-1", System.Text.Encoding.UTF8.GetBytes(page))!;

    [Fact]
    public void PodsThatCannotBeInTheMesh_AreNotMissed()
    {
        MeshFacts good = Healthy();
        Pod host = Pod("shop", "host", "n1", captured: false) with { Spec = new PodSpec { NodeName = "n1", HostNetwork = true } };
        Pod done = Pod("shop", "done", "n1", captured: false) with { Status = new PodStatus { Phase = "Succeeded" } };
        Pod none = Pod("shop", "none", "n1", captured: false, ("istio.io/dataplane-mode", "none"));
        Assert.DoesNotContain(MeshChecks.Of(good with { Pods = [.. good.Pods, host, done, none] }), l => l.Outcome == CheckOutcome.Failed);
    }

    [Fact]
    public void Dump_IsJudged()
    {
        IReadOnlyList<CheckLine> lines = DumpChecks.Of(DumpTableTests.Dump(), "test", new DateTimeOffset(2026, 8, 20, 12, 0, 0, TimeSpan.Zero));
        Assert.Contains(lines, l => l.What == "certificates" && l.Outcome == CheckOutcome.Failed && l.Evidence.Contains("sa/new (Unavailable: denied)", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.What == "pods of the node" && l.Evidence.Contains("web/lost", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.What == "pod web/lost" && l.Outcome == CheckOutcome.Failed);
        Assert.Contains(lines, l => l.What == "the mesh" && l.Evidence == "6 workloads, 4 services, 3 policies");
    }

    internal static MeshFacts Healthy() => new()
    {
        Server = "https://api:6443/",
        Version = "v1.31.2+k3s1",
        SystemNamespace = "istio-system",
        Nodes = [Node("n1"), Node("n2")],
        Namespaces = [Space("istio-system"), Space("shop", ("istio.io/dataplane-mode", "ambient"), ("istio.io/use-waypoint", "waypoint")), Space("other")],
        Pods =
        [
            Pod("istio-system", "istiod-1", "n1", captured: false, ("app", "istiod")),
            Pod("istio-system", "istio-cni-node-1", "n1", captured: false, ("k8s-app", "istio-cni-node")),
            Pod("istio-system", "istio-cni-node-2", "n2", captured: false, ("k8s-app", "istio-cni-node")),
            Pod("istio-system", "ztunnel-1", "n1", captured: false, ("app", "ztunnel")),
            Pod("istio-system", "ztunnel-2", "n2", captured: false, ("app", "ztunnel")),
            Pod("shop", "web", "n1", captured: true),
            Pod("other", "x", "n1", captured: false),
        ],
        Gateways = [Waypoint("shop", "waypoint", "True")],
        ControlPlaneServices = ["istiod"],
        ControlPlaneSlices = [Slice("istiod", "10.0.0.1")],
        RootNamespaces = new HashSet<string> { "istio-system", "shop" },
    };

    private static EndpointSlice Slice(string service, string address) => new()
    {
        Metadata = new ObjectMeta { Labels = StringMap.Of((MeshFacts.ServiceLabel, service)) },
        Endpoints = [new Endpoint { Addresses = [address] }],
        Ports = [new EndpointPort { Port = 15012 }],
    };

    private static Node Node(string name) => new() { Metadata = new ObjectMeta { Name = name } };

    private static Namespace Space(string name, params (string, string)[] labels) => new() { Metadata = new ObjectMeta { Name = name, Labels = StringMap.Of(labels) } };

    private static Pod Pod(string space, string name, string node, bool captured, params (string, string)[] labels) => new()
    {
        Metadata = new ObjectMeta { Namespace = space, Name = name, Labels = StringMap.Of(labels), Annotations = captured ? StringMap.Of(("ambient.istio.io/redirection", "enabled")) : StringMap.Empty },
        Spec = new PodSpec { NodeName = node },
        Status = new PodStatus { Phase = "Running", Conditions = [new Condition { Type = "Ready", Status = "True" }] },
    };

    private static Gateway Waypoint(string space, string name, string programmed) => new()
    {
        Metadata = new ObjectMeta { Namespace = space, Name = name },
        Spec = new GatewaySpec { GatewayClassName = "istio-waypoint" },
        Status = new GatewayStatus { Conditions = [new Condition { Type = "Programmed", Status = programmed, Reason = "R", Message = "M" }] },
    };
}
