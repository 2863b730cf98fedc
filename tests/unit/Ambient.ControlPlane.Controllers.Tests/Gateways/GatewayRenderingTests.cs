using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Gateways;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;

namespace Ambient.ControlPlane.Controllers.Tests.Gateways;

/// <summary>What a waypoint's Gateway becomes.</summary>
public sealed class GatewayRenderingTests
{
    private const string Plain = "'name':'w','namespace':'shop','uid':'u-1','annotations':{'gateway.istio.io/controller-version':'5','kubectl.kubernetes.io/last-applied-configuration':'{}','team':'a'}";
    private static readonly GatewaySettings Settings = new() { SystemNamespace = "istio-system", Image = "registry/waypoint:1" };

    [Fact]
    [Trait("behaviour", "CP-220")]
    [Trait("behaviour", "CP-231")]
    public void Waypoint_GetsAllThatItNeeds()
    {
        Gateway gateway = Gateway(Plain);
        string before = gateway.ToString();
        JsonObject[] made = Render(gateway);
        Assert.Equal(before, gateway.ToString());
        Assert.Equal(["ServiceAccount", "Deployment", "Service"], made.Select(static body => (string)body["kind"]!));
        foreach (JsonObject body in made)
        {
            Assert.Equal(("w", "shop"), ((string)At(body, "metadata.name")!, (string)At(body, "metadata.namespace")!));
            Assert.Equal("istio.io-mesh-controller", (string?)body["metadata"]!["labels"]!["gateway.istio.io/managed"]);
            Assert.Equal("w", (string?)body["metadata"]!["labels"]!["gateway.networking.k8s.io/gateway-name"]);
            Assert.Equal("istio-waypoint", (string?)body["metadata"]!["labels"]!["gateway.networking.k8s.io/gateway-class-name"]);
            Assert.Null(body["metadata"]!["labels"]!["istio.io/dataplane-mode"]);
            Assert.Equal("u-1", (string?)body["metadata"]!["ownerReferences"]![0]!["uid"]);
            Assert.Equal(["team"], body["metadata"]!["annotations"]!.AsObject().Select(static pair => pair.Key).Where(static key => !key.StartsWith("networking.", StringComparison.Ordinal)));
        }

        JsonNode pod = At(made[1], "spec.template")!;
        Assert.Equal("none", (string?)pod["metadata"]!["labels"]!["istio.io/dataplane-mode"]);
        Assert.Equal("w", (string?)pod["metadata"]!["labels"]!["service.istio.io/canonical-name"]);
        Assert.Equal("registry/waypoint:1", (string?)pod["spec"]!["containers"]![0]!["image"]);
        Assert.Equal("https://istiod.istio-system.svc:15012", Variable(pod, "XDS_ADDRESS"));
        Assert.Null(Variable(pod, "NETWORK"));
        Assert.Equal("istio-ca-root-cert", (string?)At(pod, "spec.volumes")!.AsArray().First(static volume => (string?)volume!["name"] == "istiod-ca-cert")!["configMap"]!["name"]);
        JsonNode lists = At(pod, "spec.volumes")!.AsArray().First(static volume => (string?)volume!["name"] == "istio-ca-crl")!["configMap"]!;
        Assert.Equal(("istio-ca-crl", true), ((string?)lists["name"], (bool)lists["optional"]!));
        JsonNode service = At(made[2], "spec")!;
        Assert.Equal("ClusterIP", (string?)service["type"]);
        Assert.Equal("PreferClose", (string?)made[2]["metadata"]!["annotations"]!["networking.istio.io/traffic-distribution"]);
        Assert.Equal("status-port:15021:tcp mesh:15008:hbone", string.Join(' ', service["ports"]!.AsArray().Select(static port => $"{port!["name"]}:{port["port"]}:{port["appProtocol"]}")));
        Assert.True(JsonNode.DeepEquals(service["selector"], At(made[1], "spec.selector.matchLabels")));
    }

    [Fact]
    [Trait("behaviour", "CP-215")]
    [Trait("behaviour", "CP-216")]
    [Trait("behaviour", "CP-217")]
    public void NamesAndTypes_FollowAnnotations()
    {
        JsonObject[] made = Render(Gateway("'name':'w','namespace':'shop','annotations':{'gateway.istio.io/service-account':'other','gateway.istio.io/name-override':'n','networking.istio.io/service-type':'LoadBalancer'}", "'addresses':[{'value':'1.2.3.4','type':'IPAddress'}],"));
        Assert.Equal(["other", "n", "n"], made.Select(static body => (string)At(body, "metadata.name")!));
        Assert.Equal("other", (string?)At(made[1], "spec.template.spec.serviceAccountName"));
        Assert.Equal(("LoadBalancer", "1.2.3.4"), ((string?)At(made[2], "spec.type"), (string?)At(made[2], "spec.loadBalancerIP")));
        made = Render(Gateway("'name':'w','namespace':'shop','annotations':{'gateway.istio.io/service-account':'other'}"));
        Assert.Equal(["other", "w", "w"], made.Select(static body => (string)At(body, "metadata.name")!));
    }

    [Fact]
    [Trait("behaviour", "CP-221")]
    [Trait("behaviour", "CP-222")]
    public void Network_IsTheGateways_ElseTheClusters()
    {
        JsonObject[] made = Render(Gateway("'name':'w','namespace':'shop','labels':{'topology.istio.io/network':'n1'}"), network: "n2");
        Assert.Equal(("n1", "n1"), ((string?)made[1]["metadata"]!["labels"]!["topology.istio.io/network"], Variable(At(made[1], "spec.template")!, "NETWORK")));
        made = Render(Gateway(Plain), network: "n2");
        Assert.Equal(("n2", "n2"), ((string?)made[1]["metadata"]!["labels"]!["topology.istio.io/network"], Variable(At(made[1], "spec.template")!, "NETWORK")));
    }

    [Fact]
    [Trait("behaviour", "CP-227")]
    [Trait("behaviour", "CP-228")]
    public void Infrastructure_ReplacesWhatIsCopied_AndTheUsersModeStays()
    {
        JsonObject[] made = Render(Gateway(
            "'name':'w','namespace':'shop','labels':{'a':'b'}",
            "'infrastructure':{'labels':{'c':'d','gateway.networking.k8s.io/gateway-name':'x','istio.io/dataplane-mode':'ambient'},'annotations':{'e':'f'}},"));
        JsonObject labels = made[1]["metadata"]!["labels"]!.AsObject();
        Assert.Equal(("d", "w", false), ((string?)labels["c"], (string?)labels["gateway.networking.k8s.io/gateway-name"], labels.ContainsKey("a")));
        Assert.Equal("f", (string?)made[1]["metadata"]!["annotations"]!["e"]);
        Assert.Equal("ambient", (string?)At(made[1], "spec.template.metadata.labels")!["istio.io/dataplane-mode"]);
    }

    [Fact]
    [Trait("behaviour", "CP-223")]
    [Trait("behaviour", "CP-229")]
    public void Overlays_AreMerged_AndMayNotChangeWhatItIs()
    {
        StringMap Overlay(params (string, string)[] pairs) => StringMap.Of(pairs.Select(static pair => KeyValuePair.Create(pair.Item1, pair.Item2)));
        StringMap overlay = Overlay(
            ("deployment", "metadata: {annotations: {x: y}}\nspec:\n  replicas: 4\n  template: {spec: {containers: [{name: istio-proxy, resources: {requests: {cpu: 222m}, limits: {cpu: null}}}]}}"),
            ("horizontalPodAutoscaler", "spec: {minReplicas: 2, maxReplicas: 2}"),
            ("podDisruptionBudget", "spec: {minAvailable: 1}"));
        JsonObject[] made = Render(Gateway(Plain), overlays: overlay);
        Assert.Equal(4, (int)At(made[1], "spec.replicas")!);
        JsonNode container = At(made[1], "spec.template.spec.containers")![0]!;
        Assert.Equal("222m", (string?)container["resources"]!["requests"]!["cpu"]);
        Assert.Equal("""{"memory":"1Gi"}""", container["resources"]!["limits"]!.ToJsonString());
        Assert.Equal("registry/waypoint:1", (string?)container["image"]);
        JsonObject scaler = made.Single(static body => (string?)body["kind"] == "HorizontalPodAutoscaler");
        Assert.Equal((2, "w"), ((int)At(scaler, "spec.maxReplicas")!, (string?)At(scaler, "spec.scaleTargetRef.name")));
        JsonObject budget = made.Single(static body => (string?)body["kind"] == "PodDisruptionBudget");
        Assert.Equal("w", (string?)At(budget, "spec.selector.matchLabels")!["gateway.networking.k8s.io/gateway-name"]);

        foreach ((StringMap bad, string why) in new[]
        {
            (Overlay(("deployment", "metadata: {name: other}")), "metadata.name"),
            (Overlay(("deployment", "metadata: x")), "the overlay deployment changes what the object is"),
            (Overlay(("service", "metadata: [x]")), "the overlay service changes what the object is"),
            (Overlay(("deployment", "$patch: 1")), "the overlay deployment: $patch is 1 at $"),
            (Overlay(("deployment", "spec: {template: {spec: {containers: [{name: istio-proxy, $patch: {a: b}}]}}}")), "the overlay deployment: $patch is"),
            (Overlay(("pods", "{}")), "the overlay has the key pods"),
            (Overlay(("service", "a: [")), "the overlay service is no single object"),
        })
        {
            Assert.Null(GatewayRendering.Render(Gateway(Plain), Class, GatewayTemplate.BuiltIn, "", Settings, [bad], out string? error));
            Assert.Contains(why, error, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Trait("behaviour", "CP-237")]
    public void PortNames_AreShortAndDistinct()
    {
        string lengthy = new('l', 70);
        JsonObject[] made = Render(Gateway(Plain, listeners: $"{{'name':'web.a','port':1,'protocol':'HTTP'}},{{'name':'web-a','port':2,'protocol':'HTTP'}},{{'name':'{lengthy}','port':3,'protocol':'TCP'}},{{'name':'{lengthy}x','port':4,'protocol':'TCP'}}"));
        string[] names = [.. At(made[2], "spec.ports")!.AsArray().Select(static port => (string)port!["name"]!)];
        Assert.Equal(5, names.Distinct().Count());
        Assert.All(names, static name => Assert.InRange(name.Length, 1, 63));
        Assert.Equal(["status-port", "web-a", "web-a-2"], names[..3]);
    }

    [Fact]
    [Trait("behaviour", "CP-224")]
    public void GatewayForOtherNetworks_IsReachedFromOutside()
    {
        ManagedClass kind = ManagedClass.All.Single(static one => one.Name == "istio-east-west");
        IReadOnlyList<GatewayObject>? made = GatewayRendering.Render(Gateway(Plain), kind, GatewayTemplate.BuiltIn, "n1", Settings, [], out string? error);
        Assert.True(made is not null, error);
        JsonObject[] bodies = [.. made.Select(static one => one.Json)];
        Assert.Equal("LoadBalancer", (string?)At(bodies[2], "spec.type"));
        Assert.All(bodies, static body => Assert.Equal("istio.io-eastwest-controller", (string?)body["metadata"]!["labels"]!["gateway.istio.io/managed"]));
        JsonNode pod = At(bodies[1], "spec.template")!;
        Assert.Equal(("east-west", "n1"), (Variable(pod, "GATEWAY_ROLE"), Variable(pod, "NETWORK")));

        // A waypoint has no role of its own.
        Assert.Null(Variable(At(Render(Gateway(Plain))[1], "spec.template")!, "GATEWAY_ROLE"));
    }

    [Fact]
    public void Templates_AreJudged()
    {
        Assert.Null(GatewayTemplate.Parse("kind: Pod", out string? error));
        Assert.Contains("Deployment", error, StringComparison.Ordinal);
        Assert.Null(GatewayTemplate.Parse("apiVersion: v1\nkind: Service", out error));
        Assert.Equal("lacks ServiceAccount, Deployment", error);
        GatewayTemplate odd = GatewayTemplate.Parse("kind: Service\n---\nkind: Deployment\nspec: {x: '${nobody}'}\n---\nkind: ServiceAccount", out _)!;
        Assert.Null(GatewayRendering.Render(Gateway(Plain), Class, odd, "", Settings, [], out error));
        Assert.Contains("${nobody} is not known", error, StringComparison.Ordinal);
    }

    private static ManagedClass Class => ManagedClass.All[0];

    private static Gateway Gateway(string meta, string spec = "", string listeners = "{'name':'mesh','port':15008,'protocol':'HBONE'}") => Make.Of(
        KnownResources.Gateways,
        $$$"""{'apiVersion':'gateway.networking.k8s.io/v1','kind':'Gateway','metadata':{ {{{meta}}} },'spec':{ {{{spec}}} 'gatewayClassName':'istio-waypoint','listeners':[ {{{listeners}}} ]}}""");

    private static JsonObject[] Render(Gateway gateway, string network = "", params StringMap[] overlays)
    {
        IReadOnlyList<GatewayObject>? made = GatewayRendering.Render(gateway, Class, GatewayTemplate.BuiltIn, network, Settings, overlays, out string? error);
        Assert.True(made is not null, error);
        return [.. made.Select(static one => one.Json)];
    }

    private static JsonNode? At(JsonNode body, string path) => path.Split('.').Aggregate((JsonNode?)body, static (node, name) => node?[name]);

    private static string? Variable(JsonNode pod, string name) =>
        (string?)At(pod, "spec.containers")![0]!["env"]!.AsArray().FirstOrDefault(variable => (string?)variable!["name"] == name)?["value"];
}
