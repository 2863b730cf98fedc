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
            (good with { ControlPlaneSlices = [] }, "service of the control plane", "leads nowhere"),
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
        ControlPlaneSlices = [new EndpointSlice { Endpoints = [new Endpoint { Addresses = ["10.0.0.1"] }], Ports = [new EndpointPort { Port = 15012 }] }],
        RootNamespaces = new HashSet<string> { "istio-system", "shop" },
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
