using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Gateways;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Services;

namespace Ambient.ControlPlane.Controllers.Tests.Gateways;

/// <summary>What a Gateway's status says, from what is there.</summary>
public sealed class GatewayStatusRulesTests
{
    private static readonly Service Found = Make.Of(KnownResources.Services, "{'metadata':{'name':'w','namespace':'shop'},'spec':{'clusterIP':'10.96.0.7','ports':[{'port':15008},{'port':15021}]}}");

    [Fact]
    [Trait("behaviour", "CP-239")]
    public void Waypoint_HasAddressesOnceItAnswers_AndKeepsThem()
    {
        Gateway gateway = Gateway("istio-waypoint");
        (Gateway without, _) = Settle(gateway, GatewayFacts.None);
        Assert.Equal("Accepted=True/Accepted Programmed=False/AddressNotUsable ResolvedRefs=True/ResolvedRefs", Conditions(without));
        Assert.Empty(without.Status.Addresses);
        Assert.Contains("w.shop.svc.cluster.local", without.Status.Conditions[1].Message, StringComparison.Ordinal);
        (Gateway empty, _) = Settle(without, new GatewayFacts(Found, HasEndpoint: false));
        Assert.Contains("no instances", empty.Status.Conditions[1].Message, StringComparison.Ordinal);
        (Gateway ready, _) = Settle(empty, new GatewayFacts(Found, HasEndpoint: true));
        Assert.Equal(["w.shop.svc.cluster.local", "10.96.0.7"], ready.Status.Addresses.Select(static address => address.Value));
        Assert.Equal("Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs", Conditions(ready));
        (Gateway away, _) = Settle(ready, new GatewayFacts(Found, HasEndpoint: false));
        Assert.Equal(2, away.Status.Addresses.Count);

        // Nothing new, nothing written.
        Assert.False(Settle(away, new GatewayFacts(Found, HasEndpoint: false)).IsWritten);
    }

    [Fact]
    [Trait("behaviour", "CP-240")]
    public void ListenerThatIsNoWaypoints_IsRefused_AndTheGatewayIsNot()
    {
        (Gateway gateway, _) = Settle(Gateway("istio-waypoint", "{'name':'web','port':1234,'protocol':'HTTP'}"), new GatewayFacts(Found, HasEndpoint: true));
        Assert.Equal("True", gateway.Status.Conditions.Single(static condition => condition.Type == "Accepted").Status);
        Condition refused = gateway.Status.Listeners[0].Conditions.Single(static condition => condition.Type == "Accepted");
        Assert.Equal(("False", "UnsupportedProtocol"), (refused.Status, refused.Reason));
        Assert.Contains("HBONE", refused.Message, StringComparison.Ordinal);
        Assert.Equal("AddressNotUsable", gateway.Status.Conditions.Single(static condition => condition.Type == "Programmed").Reason);
    }

    [Fact]
    [Trait("behaviour", "CP-242")]
    public void RemoteGateway_ShowsItsAddresses_AndNoListeners()
    {
        (Gateway gateway, _) = Settle(Gateway("istio-remote", spec: "'addresses':[{'type':'IPAddress','value':'9.9.9.9'}],"), GatewayFacts.None);
        Assert.Equal("Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs", Conditions(gateway));
        Assert.Equal("9.9.9.9", Assert.Single(gateway.Status.Addresses).Value);
        Assert.Empty(gateway.Status.Listeners);
    }

    [Fact]
    [Trait("behaviour", "CP-259")]
    public void Problems_AreSaid()
    {
        ManagedClass kind = ManagedClass.All.Single(static one => one.Name == "istio-waypoint");
        JsonObject status = GatewayStatusRules.Status(Gateway("istio-waypoint"), kind, new GatewayFacts(Found, true), "spec.infrastructure.parametersRef: no", "cluster.local", Make.Now)!;
        Assert.Equal(("False", "InvalidParameters"), ((string)status["conditions"]![0]!["status"]!, (string)status["conditions"]![0]!["reason"]!));
        Assert.Equal("True", (string)status["conditions"]![1]!["status"]!);
    }

    [Fact]
    public void GatewayForOtherNetworks_HasTheAddressThatOthersReach()
    {
        Gateway gateway = Gateway("istio-east-west", "{'name':'mesh','port':15008,'protocol':'HBONE','tls':{'mode':'Terminate','options':{'gateway.istio.io/tls-terminate-mode':'ISTIO_MUTUAL'}}}");
        Kubernetes.Resources.Services.Service waiting = Make.Of(KnownResources.Services, "{'metadata':{'name':'w','namespace':'shop'},'spec':{'type':'LoadBalancer','clusterIP':'10.1.0.9','ports':[{'port':15008}]}}");
        gateway = Settle(gateway, new GatewayFacts(waiting, true)).Gateway;
        Assert.Empty(gateway.Status.Addresses);
        Assert.Equal("Accepted=True/Accepted Programmed=False/AddressNotAssigned ResolvedRefs=True/ResolvedRefs", Conditions(gateway));
        Assert.Equal("True", Assert.Single(gateway.Status.Listeners).Conditions[0].Status);

        Kubernetes.Resources.Services.Service given = Make.Of(
            KnownResources.Services,
            "{'metadata':{'name':'w','namespace':'shop'},'spec':{'type':'LoadBalancer','clusterIP':'10.1.0.9','ports':[{'port':15008}]},'status':{'loadBalancer':{'ingress':[{'ip':'172.0.1.2'},{'hostname':'lb.example.com'}]}}}");
        gateway = Settle(gateway, new GatewayFacts(given, true)).Gateway;
        Assert.Equal(["IPAddress/172.0.1.2", "Hostname/lb.example.com"], gateway.Status.Addresses.Select(static address => $"{address.Type}/{address.Value}"));
        Assert.Contains("Programmed=True/Programmed", Conditions(gateway), StringComparison.Ordinal);

        // Inside a flat network its Service's own address will do.
        Kubernetes.Resources.Services.Service inside = Make.Of(KnownResources.Services, "{'metadata':{'name':'w','namespace':'shop'},'spec':{'type':'ClusterIP','clusterIP':'10.1.0.9','ports':[{'port':15008}]}}");
        Assert.Equal(["Hostname/w.shop.svc.cluster.local", "IPAddress/10.1.0.9"], Settle(Gateway("istio-east-west"), new GatewayFacts(inside, true)).Gateway.Status.Addresses.Select(static address => $"{address.Type}/{address.Value}"));
        Assert.Equal("False", Settle(Gateway("istio-east-west", "{'name':'web','port':80,'protocol':'HTTP'}"), new GatewayFacts(inside, true)).Gateway.Status.Listeners[0].Conditions[0].Status);
    }

    /// <summary>What is wanted is compared to find out who writes against us: what others wrote there is no news of ours.</summary>
    [Theory]
    [InlineData(false, false, "ClusterIP")]
    [InlineData(true, false, "ClusterIP")]
    [InlineData(true, true, "ClusterIP")]
    [InlineData(true, true, "LoadBalancer")]
    public void WhatIsWanted_DoesNotDependOnWhatOthersWrote(bool hasService, bool hasEndpoint, string type)
    {
        foreach (string className in new[] { "istio-waypoint", "istio-east-west", "istio", "istio-remote" })
        {
            ManagedClass kind = ManagedClass.All.Single(one => one.Name == className);
            Service service = Make.Of(KnownResources.Services, $$$"""{'metadata':{'name':'w','namespace':'shop'},'spec':{'type':'{{{type}}}','clusterIP':'10.1.0.9','ports':[{'port':15008}]}}""");
            var facts = new GatewayFacts(hasService ? service : null, hasEndpoint);
            Gateway gateway = Gateway(className);
            string wanted = GatewayStatusRules.Wanted(gateway, kind, facts, null, "cluster.local");
            foreach (string theirs in new[] { "9.9.9.1", "9.9.9.2" })
            {
                Gateway overwritten = gateway with { Status = gateway.Status with { Addresses = [new GatewayAddress { Type = "IPAddress", Value = theirs }], Conditions = [new Condition { Type = "Accepted", Status = "False", Message = theirs }] } };
                Assert.Equal(wanted, GatewayStatusRules.Wanted(overwritten, kind, facts, null, "cluster.local"));
            }
        }
    }

    private static string Conditions(Gateway gateway) => string.Join(' ', gateway.Status.Conditions.Select(static condition => $"{condition.Type}={condition.Status}/{condition.Reason}"));

    private static Gateway Gateway(string className, string listener = "{'name':'mesh','port':15008,'protocol':'HBONE'}", string spec = "") => Make.Of(
        KnownResources.Gateways,
        $$$"""{'metadata':{'name':'w','namespace':'shop','generation':3},'spec':{ {{{spec}}} 'gatewayClassName':'{{{className}}}','listeners':[ {{{listener}}} ]}}""");

    /// <summary>The Gateway with the status written.</summary>
    private static (Gateway Gateway, bool IsWritten) Settle(Gateway gateway, GatewayFacts facts)
    {
        ManagedClass kind = ManagedClass.All.Single(one => one.Name == gateway.Spec.GatewayClassName);
        if (GatewayStatusRules.Status(gateway, kind, facts, null, "cluster.local", Make.Now) is not { } status)
        {
            return (gateway, false);
        }

        var body = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "w" }, ["status"] = status };
        Assert.True(KnownResources.Gateways.TryRead(Encoding.UTF8.GetBytes(body.ToJsonString()), out Gateway? read, out ReadProblem? problem), problem?.ToString());
        return (gateway with { Status = read.Status }, true);
    }
}
