using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Gateways;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Services;

namespace Ambient.ControlPlane.Controllers.Tests.Gateways;

/// <summary>What a Gateway of class istio becomes, and what its status says.</summary>
public sealed class IngressTests
{
    private static readonly ManagedClass Class = ManagedClass.All.Single(static kind => kind.Name == "istio");
    private static readonly Condition Good = new() { Type = "Accepted", Status = "True", Reason = "Accepted" };
    private static readonly Condition Broken = new() { Type = "ResolvedRefs", Status = "False", Reason = "InvalidCertificateRef", Message = "the Secret is missing" };

    [Fact]
    [Trait("behaviour", "CP-213")]
    public void Gateway_GetsObjectsOfItsName_AndALoadBalancer()
    {
        JsonObject[] made = Render(Gateway());
        Assert.Equal(["default-istio", "default-istio", "default-istio"], made.Select(static body => (string)body["metadata"]!["name"]!));
        Assert.All(made, static body => Assert.Equal(("none", "istio.io-gateway-controller"), ((string?)body["metadata"]!["labels"]!["istio.io/dataplane-mode"], (string?)body["metadata"]!["labels"]!["gateway.istio.io/managed"])));
        Assert.All(made, static body => Assert.Null(body["metadata"]!["labels"]!["topology.istio.io/network"]));
        JsonNode service = made[2]["spec"]!;
        Assert.Equal("LoadBalancer", (string?)service["type"]);
        Assert.Equal("status-port:15021 http:80", string.Join(' ', service["ports"]!.AsArray().Select(static port => $"{port!["name"]}:{port["port"]}")));
        Assert.Null(made[2]["metadata"]!["annotations"]?["networking.istio.io/traffic-distribution"]);
        JsonNode pod = made[1]["spec"]!["template"]!["spec"]!;
        Assert.Equal("net.ipv4.ip_unprivileged_port_start", (string?)pod["securityContext"]!["sysctls"]![0]!["name"]);
        Assert.Equal("default-istio", (string?)pod["serviceAccountName"]);
    }

    [Fact]
    [Trait("behaviour", "CP-215")]
    [Trait("behaviour", "CP-216")]
    public void Names_FollowAnnotations()
    {
        Assert.Equal(["other", "default-istio", "default-istio"], Render(Gateway("'gateway.istio.io/service-account':'other'")).Select(static body => (string)body["metadata"]!["name"]!));
        Assert.Equal(["default-istio", "n", "n"], Render(Gateway("'gateway.istio.io/name-override':'n'")).Select(static body => (string)body["metadata"]!["name"]!));
    }

    [Fact]
    [Trait("behaviour", "CP-226")]
    public void ClassesOfOthers_WithOurController_GiveTheirNames()
    {
        Gateway gateway = Gateway();
        gateway = gateway with { Spec = gateway.Spec with { GatewayClassName = "custom" } };
        JsonObject[] made = Render(gateway);
        Assert.Equal(["default-custom", "default-custom", "default-custom"], made.Select(static body => (string)body["metadata"]!["name"]!));
        Assert.All(made, static body => Assert.Equal("custom", (string?)body["metadata"]!["labels"]!["gateway.networking.k8s.io/gateway-class-name"]));
        Assert.Same(Class, ManagedClass.Of("istio.io/gateway-controller"));
    }

    [Fact]
    [Trait("behaviour", "CP-230")]
    public void WithoutCopying_OnlyWhatIsSaidForTheObjectsIsOnThem()
    {
        Gateway gateway = Gateway("'mine':'note'");
        gateway = gateway with { Metadata = gateway.Metadata with { Labels = StringMap.Of(("mine", "label")) } };
        Assert.All(Render(gateway), static body => Assert.Equal(("label", "note"), ((string?)body["metadata"]!["labels"]!["mine"], (string?)body["metadata"]!["annotations"]!["mine"])));
        Assert.All(Render(gateway, copies: false), static body => Assert.Equal((null, null), ((string?)body["metadata"]!["labels"]!["mine"], (string?)body["metadata"]!["annotations"]?["mine"])));
        gateway = gateway with { Spec = gateway.Spec with { Infrastructure = new GatewayInfrastructure { Labels = StringMap.Of(("theirs", "label")) } } };
        Assert.All(Render(gateway, copies: false), static body => Assert.Equal("label", (string?)body["metadata"]!["labels"]!["theirs"]));
    }

    [Fact]
    [Trait("behaviour", "CP-258")]
    public void PortsThatTheServiceDoesNotHave_AreNamed_WithThoseThatItHas()
    {
        Service mapped = Make.Of(KnownResources.Services, "{'metadata':{'name':'default-istio','namespace':'shop'},'spec':{'type':'ClusterIP','clusterIP':'10.96.0.7','ports':[{'port':8080,'targetPort':80},{'port':15021}]}}");
        JsonNode programmed = Status(new GatewayFacts(mapped, HasEndpoint: true))["conditions"]!.AsArray().Single(static condition => (string?)condition!["type"] == "Programmed")!;
        Assert.Equal("AddressNotUsable", (string?)programmed["reason"]);
        Assert.Equal("port 80 not found for hostname \"default-istio.shop.svc.cluster.local\"; its ports are 8080, 15021 (80 is the target of port 8080, which is the one to name)", (string?)programmed["message"]);

        Gateway strange = Gateway();
        strange = strange with { Spec = strange.Spec with { Addresses = [new GatewayAddress { Type = "example.com/Named", Value = "x" }] } };
        JsonArray conditions = GatewayStatusRules.Status(strange, Class, new GatewayFacts(mapped, HasEndpoint: true), null, "cluster.local", Make.Now)!["conditions"]!.AsArray();
        Assert.All(conditions.Where(static condition => (string?)condition!["type"] is "Accepted" or "Programmed"), static condition => Assert.Equal(("False", "UnsupportedAddress"), ((string?)condition!["status"], (string?)condition["reason"])));
    }

    [Fact]
    [Trait("behaviour", "CP-257")]
    public void Status_SaysWhatBecomesOfListeners_AndWhereTheyAre()
    {
        Service balanced = Make.Of(KnownResources.Services, "{'metadata':{'name':'default-istio','namespace':'shop'},'spec':{'type':'LoadBalancer','clusterIP':'10.96.0.7','ports':[{'port':80}]},'status':{'loadBalancer':{'ingress':[{'ip':'203.0.113.9'}]}}}");
        JsonObject status = Status(new GatewayFacts(balanced, HasEndpoint: true) { Listeners = [new ListenerConditions("http", ["HTTPRoute", "GRPCRoute"], 3, [Good], IsServing: true)] });
        Assert.Equal("203.0.113.9", (string?)status["addresses"]![0]!["value"]);
        JsonNode listener = status["listeners"]![0]!;
        Assert.Equal((3, "HTTPRoute"), ((int)listener["attachedRoutes"]!, (string?)listener["supportedKinds"]![0]!["kind"]));
        Assert.Equal("True", (string?)listener["conditions"]!.AsArray().Single(static condition => (string?)condition!["type"] == "Programmed")!["status"]);

        status = Status(new GatewayFacts(balanced, HasEndpoint: true) { Listeners = [new ListenerConditions("http", [], 0, [Good, Broken], IsServing: false)] });
        JsonNode programmed = status["listeners"]![0]!["conditions"]!.AsArray().Single(static condition => (string?)condition!["type"] == "Programmed")!;
        Assert.Equal(("False", "the Secret is missing"), ((string?)programmed["status"], (string?)programmed["message"]));

        status = Status(new GatewayFacts(balanced, HasEndpoint: true) { Listeners = [new ListenerConditions("http", [], 0, [Good with { Status = "False", Reason = "UnsupportedProtocol" }], IsServing: false)] });
        Assert.Equal("ListenersNotValid", (string?)status["conditions"]![0]!["reason"]);
    }

    [Fact]
    public void LoadBalancersWithoutAnAddress_AreWaitedFor()
    {
        Service pending = Make.Of(KnownResources.Services, "{'metadata':{'name':'default-istio','namespace':'shop'},'spec':{'type':'LoadBalancer','clusterIP':'10.96.0.7','ports':[{'port':80}]}}");
        JsonObject status = Status(new GatewayFacts(pending, HasEndpoint: true));
        Assert.Equal("AddressNotAssigned", (string?)status["conditions"]!.AsArray().Single(static condition => (string?)condition!["type"] == "Programmed")!["reason"]);
    }

    private static JsonObject Status(GatewayFacts facts) => GatewayStatusRules.Status(Gateway(), Class, facts, null, "cluster.local", Make.Now)!;

    private static JsonObject[] Render(Gateway gateway, bool copies = true)
    {
        IReadOnlyList<GatewayObject>? made = GatewayRendering.Render(gateway, Class, GatewayTemplate.BuiltIn, "net1", new GatewaySettings { SystemNamespace = "istio-system", Image = "registry/waypoint:1", CopiesToObjects = copies }, [], out string? error);
        Assert.True(made is not null, error);
        return [.. made.Select(static one => one.Json)];
    }

    private static Gateway Gateway(string annotations = "") => Make.Of(
        KnownResources.Gateways,
        $$$"""{'apiVersion':'gateway.networking.k8s.io/v1','kind':'Gateway','metadata':{'name':'default','namespace':'shop','annotations':{ {{{annotations}}} }},'spec':{'gatewayClassName':'istio','listeners':[{'name':'http','port':80,'protocol':'HTTP'}]}}""");
}
