using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

/// <summary>Services whose waypoint is in a namespace that nobody looks into any more: what only it could enforce is not passed over.</summary>
public sealed class UnseenWaypointTests
{
    private const string Get = "\"rules\":[{\"to\":[{\"operation\":{\"methods\":[\"GET\"]}}]}]";
    private const string OnService = $$"""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY",{{Get}}}""";
    private const string OnClass = $$"""{"targetRefs":[{"kind":"GatewayClass","group":"gateway.networking.k8s.io","name":"istio-waypoint"}],"action":"DENY",{{Get}}}""";
    private const string Spec = """{"clusterIP":"10.1.1.1","selector":{"app":"a"},"ports":[{"name":"http","port":80,"targetPort":8080}]}""";
    private const string Far = "\"istio.io/use-waypoint\":\"wp\",\"istio.io/use-waypoint-namespace\":\"infra\"";
    private readonly Cluster _cluster = new();

    public UnseenWaypointTests()
    {
        _cluster.Namespace("infra");
        _cluster.Service("s", Spec, $"{{{Far}}}");
        _cluster.Pod("p", "10.0.0.1", """{"app":"a"}""");
        Waypoint();
    }

    [Fact]
    public void PolicyOfTheService_ClosesIt_UntilTheWaypointIsSeenAgain_OrIsGone()
    {
        _cluster.Authorization("p", OnService);
        Assert.Equal("[8080 not cluster.local/ns/infra/sa/wp]", Refusal());
        Hide();
        Assert.Equal("[8080 not ]", Refusal());
        Assert.Null(_cluster.Service("ns1/s.ns1.svc.company.com").Waypoint);
        Assert.Contains("""waypoint "infra/wp" is in a namespace that discoverySelectors of MeshConfig do not select. Nobody comes through it, and all other traffic is refused""", Said(), StringComparison.Ordinal);

        _cluster.Index.SetUnseen("infra", false);
        Waypoint();
        Assert.Equal("[8080 not cluster.local/ns/infra/sa/wp]", Refusal());
        Hide();
        Assert.Equal("[8080 not ]", Refusal());

        // Now it can be seen that there is none: then a service is reached as if it had none (WP-18).
        _cluster.Index.SetUnseen("infra", false);
        Assert.Equal("", Refusal());
        Assert.Contains("it does not exist or has no address", Said(), StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutPoliciesThatNeedHttp_NothingIsRefused_UnlessSomebodySaysSo()
    {
        Hide();
        Assert.Equal("", Refusal());
        Assert.EndsWith("do not select", Said(), StringComparison.Ordinal);
        _cluster.Authorization("p", """{"targetRefs":[{"kind":"Service","name":"s"}],"rules":[{"from":[{"source":{"principals":["cluster.local/ns/ns1/sa/x"]}}]}]}""");
        Assert.Equal("", Refusal());
        _cluster.Service("s", Spec, $"{{{Far}}}", """{"ambient.mesh/require-waypoint":"always"}""");
        Assert.Equal("[8080 not ]", Refusal());
        _cluster.Authorization("p", OnService);
        _cluster.Service("s", Spec, $"{{{Far}}}", """{"ambient.mesh/require-waypoint":"never"}""");
        Assert.Equal("", Refusal());
        _cluster.Service("s", Spec, $"{{{Far}}}");
        Assert.Equal("[8080 not ]", Refusal());
        _cluster.Service("s", Spec, """{"istio.io/use-waypoint":"none"}""");
        Assert.Equal("", Refusal());
    }

    [Fact]
    public void AnotherServiceOfThePort_StillComesThroughItsOwnWaypoint()
    {
        _cluster.Gateway("near", "near.ns1", spec: """{"gatewayClassName":"istio-waypoint"}""");
        _cluster.Service("t", Spec, """{"istio.io/use-waypoint":"near"}""");
        _cluster.Authorization("p", OnService);
        Hide();
        Assert.Equal("[8080 not cluster.local/ns/ns1/sa/near]", Refusal());
    }

    [Fact]
    public void PolicyOfAClass_Counts_ForOfWhichClassItIsNobodySees()
    {
        _cluster.Set(KnownResources.GatewayClasses, """{"metadata":{"name":"istio-waypoint"},"spec":{"controllerName":"istio.io/mesh-controller"}}""", (key, now) => _cluster.Index.SetGatewayClass(key.Name, now));
        Hide();
        Assert.Equal("", Refusal());
        _cluster.Authorization("p", OnClass, ns: "istio-system");
        Assert.Equal("[8080 not ]", Refusal());
        _cluster.NoAuthorization("p", "istio-system");
        Assert.Equal("", Refusal());
    }

    [Fact]
    public void WorkloadThatNamesItItself_RefusesEverything_OneThatInheritsItDoesNot()
    {
        _cluster.NoService("s");
        _cluster.Authorization("p", OnClass, ns: "istio-system");
        _cluster.Namespace("ns1", $"{{{Far}}}");
        Hide();
        Assert.Equal("", Refusal());

        // Nobody sees whether it is for workloads; one that does not say so is for services, and stands before no other port.
        _cluster.Namespace("ns1", $"{{{Far}}}", """{"ambient.mesh/require-waypoint":"always"}""");
        Assert.Equal("", Refusal());
        _cluster.Pod("p", "10.0.0.1", $$"""{"app":"a",{{Far}}}""");
        Assert.Equal("[everything]", Refusal());
        _cluster.Namespace("ns1", $"{{{Far}}}", """{"ambient.mesh/require-waypoint":"never"}""");
        Assert.Equal("", Refusal());
    }

    [Fact]
    public void EndpointsOfAServiceEntry_AreClosedAsWell()
    {
        _cluster.ServiceEntry("e", """{"hosts":["e.com"],"resolution":"STATIC","ports":[{"number":80,"name":"http"}],"endpoints":[{"address":"10.7.0.1","ports":{"http":8080}}]}""", $"{{{Far}}}");
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"ServiceEntry","group":"networking.istio.io","name":"e"}],"action":"DENY",{{Get}}}""");
        Hide();
        Assert.Equal("[8080 not ]", Refusal("cluster0/networking.istio.io/ServiceEntry/ns1/e/10.7.0.1"));
        Assert.Equal("", Refusal());
    }

    private void Waypoint() => _cluster.Gateway(
        "wp",
        "wp.infra",
        spec: """{"gatewayClassName":"istio-waypoint","listeners":[{"name":"mesh","port":15008,"protocol":"HBONE","allowedRoutes":{"namespaces":{"from":"All"}}}]}""",
        ns: "infra");

    /// <summary>The namespace is not selected any more: what is in it is taken back.</summary>
    private void Hide()
    {
        _cluster.Index.SetGateway(new ResourceKey("infra", "wp"), null);
        _cluster.Index.SetUnseen("infra", true);
    }

    private string Said()
    {
        _cluster.Events();
        return string.Join(' ', _cluster.Index.TakeConditions().Where(static said => said.Key.Name == "s").SelectMany(static said => said.Wanted).Select(static condition => condition.Message));
    }

    private string Refusal(string uid = "cluster0//Pod/ns1/p")
    {
        _cluster.Events();
        return string.Join(' ', _cluster.Workload(uid).AuthorizationPolicies.Select(_cluster.Policy).SelectMany(static policy => policy.Rules).Select(static rule => rule.Clauses.Count == 0 ? "[everything]"
            : $"[{string.Join(',', rule.Clauses.Single().Matches.Single().DestinationPorts)} not {string.Join(", ", rule.Clauses.Single().Matches.Single().NotPrincipals.Select(static principal => principal.Exact))}]"));
    }
}
