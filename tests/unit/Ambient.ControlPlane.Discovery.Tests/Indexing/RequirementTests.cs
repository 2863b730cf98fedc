using System.Text;
using Ambient.ControlPlane.Discovery.Policies;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.Istio.Security;
using Ambient.Testing.Clocks;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

/// <summary>Endpoints of services with policies that only a waypoint can enforce refuse what does not come through it.</summary>
public sealed class RequirementTests
{
    private const string Get = "\"rules\":[{\"to\":[{\"operation\":{\"methods\":[\"GET\"]}}]}]";
    private const string Waypoint = "cluster.local/ns/ns1/sa/wp";
    private readonly Cluster _cluster = new();

    public RequirementTests()
    {
        Bind("s", "wp", 80, "8080");
        Bind("plain", "none", 81, "8081");
        _cluster.Gateway("wp", "wp.ns1", spec: """{"gatewayClassName":"istio-waypoint"}""");
        _cluster.Pod("p", "10.0.0.1", """{"app":"a"}""");
        _cluster.Events();
    }

    [Theory]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY",GET}""", true)]
    [InlineData("""{"targetRefs":[{"kind":"Gateway","group":"gateway.networking.k8s.io","name":"wp"}],GET}""", true)]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"CUSTOM","provider":{"name":"x"},"rules":[{}]}""", true)]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"s"}],"rules":[{"when":[{"key":"request.auth.claims[a]","values":["b"]}]}]}""", true)]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"s"}],"rules":[{"from":[{"source":{"requestPrincipals":["*"]}}]}]}""", true)]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"s"}]}""", false)]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"s"}],"rules":[{"from":[{"source":{"principals":["cluster.local/ns/ns1/sa/x"]}}]}]}""", false)]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"other"}],"action":"DENY",GET}""", false)]
    [InlineData("""{"selector":{"matchLabels":{"app":"b"}},"action":"DENY",GET}""", false)]
    [InlineData("""{"targetRefs":[{"kind":"GatewayClass","group":"gateway.networking.k8s.io","name":"istio-waypoint"}],GET}""", false)]
    public void PoliciesThatNeedHttp_CloseTheWayAroundTheWaypoint(string spec, bool isClosed)
    {
        _cluster.Authorization("p", spec.Replace("GET", Get, StringComparison.Ordinal));
        Assert.Equal(isClosed ? $"[8080 not {Waypoint}]" : "", Refusal("p"));
        _cluster.NoAuthorization("p");
        Assert.Equal("", Refusal("p"));
        Assert.Empty(_cluster.PolicyNames);
    }

    [Theory]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY","rules":[{"too":[]}]}""", true)]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"s"}],"rules":[{"too":[]}]}""", true)]
    [InlineData("""{"targetRefs":[{"kind":"Gateway","group":"gateway.networking.k8s.io","name":"wp"}],"acton":"DENY"}""", true)]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"AUDIT","rules":[{"too":[]}]}""", false)]
    [InlineData("""{"targetRefs":[{"kind":"Service","name":"other"}],"action":"DENY","rules":[{"too":[]}]}""", false)]
    public void PolicyThatCannotBeRead_ClosesTheWayAroundTheWaypoint_UntilItCan(string spec, bool isClosed)
    {
        string json = Cluster.Meta("p", "ns1", "{}", "{}", $"\"spec\":{spec}");
        Assert.False(KnownResources.AuthorizationPolicies.TryRead(Encoding.UTF8.GetBytes(json), out _, out ReadProblem? problem));
        Assert.True(_cluster.Index.SetUnreadable(KnownResources.AuthorizationPolicies, new ResourceKey("ns1", "p"), problem));
        Assert.Equal(isClosed ? $"[8080 not {Waypoint}]" : "", Refusal("p"));
        _cluster.Authorization("p", """{"targetRefs":[{"kind":"Service","name":"s"}]}""");
        Assert.Equal("", Refusal("p"));
    }

    [Fact]
    public void PolicyWhoseTargetsCannotBeRead_IsEnforcedByTheEndpoints()
    {
        string json = Cluster.Meta("p", "ns1", "{}", "{}", """ "spec":{"targetRefs":[{"kind":5}],"action":"DENY"} """);
        Assert.False(KnownResources.AuthorizationPolicies.TryRead(Encoding.UTF8.GetBytes(json), out _, out ReadProblem? problem));
        Assert.True(_cluster.Index.SetUnreadable(KnownResources.AuthorizationPolicies, new ResourceKey("ns1", "p"), problem));
        Authorization served = _cluster.Policy("ns1/p");
        Assert.Equal((Scope.Namespace, Protocol.Istio.Security.Action.Deny, 0), (served.Scope, served.Action, served.Rules.Single().Clauses.Count));
    }

    [Fact]
    public void PoliciesOfTheWholeMesh_AndTokens_Count_ThoseThatAreTriedDoNot()
    {
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"GatewayClass","group":"gateway.networking.k8s.io","name":"istio-waypoint"}],{{Get}}}""", ns: "istio-system");
        Assert.Equal($"[8080 not {Waypoint}]", Refusal("p"));
        _cluster.NoAuthorization("p", "istio-system");
        Assert.Equal("", Refusal("p"));
        _cluster.Set(KnownResources.RequestAuthentications, """{"metadata":{"name":"r","namespace":"ns1"},"spec":{"targetRefs":[{"kind":"Service","name":"s"}]}}""", _cluster.Index.SetRequestAuthentication);
        Assert.Equal($"[8080 not {Waypoint}]", Refusal("p"));
        _cluster.Index.SetRequestAuthentication(new ResourceKey("ns1", "r"), null);
        Assert.Equal("", Refusal("p"));
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY",{{Get}}}""", annotations: """{"istio.io/dry-run":"true"}""");
        Assert.Equal("", Refusal("p"));
    }

    [Fact]
    public void Annotation_SaysOtherwise_OnTheServiceElseOnItsNamespace()
    {
        _cluster.Namespace("ns1", annotations: """{"ambient.mesh/require-waypoint":"always"}""");
        Assert.Equal($"[8080 not {Waypoint}]", Refusal("p"));
        Bind("s", "wp", 80, "8080", """{"ambient.mesh/require-waypoint":"never"}""");
        Assert.Equal("", Refusal("p"));
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY",{{Get}}}""");
        Assert.Equal("", Refusal("p"));
        Bind("s", "wp", 80, "8080", """{"ambient.mesh/require-waypoint":"sometimes"}""");
        Assert.Equal($"[8080 not {Waypoint}]", Refusal("p"));
        Assert.Contains("Traffic that does not come through it is refused. But the annotation ambient.mesh/require-waypoint is none of policy, always, never", Said(), StringComparison.Ordinal);

        // Without its waypoint a service is reached as if it had none (WP-18).
        _cluster.NoGateway("wp");
        Assert.Equal("", Refusal("p"));
    }

    [Theory]
    [InlineData("h")]
    [InlineData("wp")]
    public void HeadlessService_IsClosedByAPolicyThatNeedsHttp_AndItAndThePolicySayHowToOpenIt(string target)
    {
        _cluster.NoService("s");
        Headless("{}");
        Assert.Equal("", Refusal("p"));
        string open = Said();
        Assert.Contains("this service has no address (headless): clients dial its pods and do not come through it", open, StringComparison.Ordinal);
        Assert.DoesNotContain("refuse", open, StringComparison.Ordinal);
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"{{(target == "h" ? "Service" : "Gateway")}}","group":"{{(target == "h" ? "" : "gateway.networking.k8s.io")}}","name":"{{target}}"}],"action":"DENY",{{Get}}}""");
        Assert.Equal($"[8080 not {Waypoint}]", Refusal("p"));
        string[] said = [.. _cluster.Index.TakeConditions().SelectMany(static said => said.Wanted).Select(static condition => condition.Message)];
        Assert.Equal(target == "h" ? 2 : 1, said.Count(static one => one.Contains("clients dial its pods, which refuse all but routes of other services", StringComparison.Ordinal) && one.Contains("ambient.mesh/require-waypoint: never", StringComparison.Ordinal)));
        Headless("""{"ambient.mesh/require-waypoint":"never"}""");
        Assert.Equal("", Refusal("p"));
        Assert.Contains("do not come through it, so its routes and policies do not hold for them", Said(), StringComparison.Ordinal);

        // With an address nothing of that is said.
        Bind("h", "wp", 82, "8080");
        _cluster.Events();
        Assert.DoesNotContain("headless", Said(), StringComparison.Ordinal);
    }

    [Fact]
    public void HeadlessService_LetsInWhoeverComesThroughTheWaypointOfItsPods()
    {
        _cluster.NoService("s");
        _cluster.Gateway("wp", "wp.ns1", """{"istio.io/waypoint-for":"all"}""", spec: """{"gatewayClassName":"istio-waypoint"}""");
        Headless("{}");
        _cluster.Pod("p", "10.0.0.1", """{"app":"a","istio.io/use-waypoint":"wp"}""");
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"Gateway","group":"gateway.networking.k8s.io","name":"wp"}],"action":"DENY",{{Get}}}""");
        Assert.Equal($"[8080 not {Waypoint}] [ not {Waypoint}]", Refusal("p"));
        Assert.NotNull(_cluster.Workload("cluster0//Pod/ns1/p").Waypoint);
    }

    [Fact]
    public void WaypointsOfAllServicesOfAPort_AreLetIn_AlsoCanariesAndOtherAccounts()
    {
        _cluster.Gateway("other", "other.ns1", annotations: """{"gateway.istio.io/service-account":"somebody"}""");
        _cluster.Gateway("canary", "canary.ns1");
        Bind("t", "other", 80, "8080");
        Assert.Equal("", Refusal("p"));
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY",{{Get}}}""");
        Assert.Equal($"[8080 not cluster.local/ns/ns1/sa/somebody, {Waypoint}]", Refusal("p"));
        _cluster.Service("s", Spec(80, "8080"), """{"istio.io/use-waypoint":"wp","istio.io/use-waypoint-canary":"canary"}""", """{"istio.io/use-waypoint-canary-weight":"10"}""");
        Assert.Contains(Waypoint, Refusal("p"), StringComparison.Ordinal);
        _cluster.NoService("t");
        Assert.DoesNotContain("somebody", Refusal("p"), StringComparison.Ordinal);
    }

    [Fact]
    public void PortsByName_AreEachPodsOwn_AndEqualPodsShareAPolicy()
    {
        Bind("s", "wp", 80, "\"web\"");
        foreach ((string name, string ip, int port) in new[] { ("p", "10.0.0.1", 8080), ("q", "10.0.0.2", 8080), ("r", "10.0.0.3", 9090) })
        {
            _cluster.Pod(name, ip, """{"app":"a"}""", spec: $$$"""{"containers":[{"name":"c","ports":[{"name":"web","containerPort":{{{port}}}}]}]}""");
        }

        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY",{{Get}}}""");
        Assert.Equal(($"[8080 not {Waypoint}]", $"[9090 not {Waypoint}]"), (Refusal("q"), Refusal("r")));
        Assert.Equal(2, _cluster.PolicyNames.Count());
        _cluster.NoPod("r");
        _cluster.NoPod("q");
        Assert.Single(_cluster.PolicyNames);
        _cluster.NoPod("p");
        Assert.Empty(_cluster.PolicyNames);
    }

    [Fact]
    public void WorkloadWithAWaypointOfItsOwn_RefusesOnAllPorts()
    {
        _cluster.Gateway("mine", "mine.ns1", """{"istio.io/waypoint-for":"workload"}""");
        _cluster.Pod("p", "10.0.0.1", """{"app":"a","istio.io/use-waypoint":"mine"}""");
        Assert.Equal("", Refusal("p"));
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"Gateway","group":"gateway.networking.k8s.io","name":"mine"}],"action":"DENY",{{Get}}}""");
        Assert.Equal($"[ not cluster.local/ns/ns1/sa/mine, {Waypoint}]", Refusal("p"));
    }

    [Fact]
    public void WaypointsOfOneAddress_AreNotTakenForEachOther()
    {
        _cluster.Gateway("other", "shared.ns1", """{"istio.io/waypoint-for":"workload"}""");
        _cluster.Gateway("mine", "shared.ns1", """{"istio.io/waypoint-for":"workload"}""");
        _cluster.Pod("q", "10.0.0.9", """{"app":"b","istio.io/use-waypoint":"mine"}""");
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"Gateway","group":"gateway.networking.k8s.io","name":"mine"}],"action":"DENY",{{Get}}}""");
        Assert.Equal("[ not cluster.local/ns/ns1/sa/mine]", Refusal("q"));
    }

    [Fact]
    public void InstancesUnderAnotherAccount_AreLetIn_UntilTheLastIsGone()
    {
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY",{{Get}}}""");
        Instance("i1", "old");
        Instance("i2", "old");
        Instance("elsewhere", "stranger", ns: "ns2");
        Assert.Equal($"[8080 not cluster.local/ns/ns1/sa/old, {Waypoint}]", Refusal("p"));

        // The account is another one, and the old pods still serve.
        _cluster.Gateway("wp", "wp.ns1", spec: """{"gatewayClassName":"istio-waypoint"}""", annotations: """{"gateway.istio.io/service-account":"new"}""");
        Instance("i3", "new");
        Assert.Equal("[8080 not cluster.local/ns/ns1/sa/new, cluster.local/ns/ns1/sa/old]", Refusal("p"));
        _cluster.NoPod("i1");
        Assert.Equal("[8080 not cluster.local/ns/ns1/sa/new, cluster.local/ns/ns1/sa/old]", Refusal("p"));
        _cluster.RawPod("i2", Cluster.Meta("i2", "ns1", OfWp, "{}", """ "spec":{"serviceAccountName":"old"},"status":{"phase":"Succeeded"} """));
        Assert.Equal("[8080 not cluster.local/ns/ns1/sa/new]", Refusal("p"));
    }

    [Fact]
    public void WaypointThatOthersDeploy_LocksNobodyOut_BeforeItsInstancesAreKnown()
    {
        _cluster.Set(KnownResources.GatewayClasses, """{"metadata":{"name":"theirs"},"spec":{"controllerName":"example.com/controller"}}""", (key, now) => _cluster.Index.SetGatewayClass(key.Name, now));
        _cluster.Gateway("wp", "wp.ns1", spec: """{"gatewayClassName":"theirs"}""");
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY",{{Get}}}""");
        Assert.Equal("", Refusal("p"));
        Assert.Contains("is NOT refused though policies need HTTP: others deploy this waypoint, and no pod with the label gateway.networking.k8s.io/gateway-name: wp", Said(), StringComparison.Ordinal);
        Instance("i", "theirs");
        Assert.Equal($"[8080 not cluster.local/ns/ns1/sa/theirs, {Waypoint}]", Refusal("p"));
        Assert.Contains("Traffic that does not come through it is refused", Said(), StringComparison.Ordinal);

        // Who says so is refused to all the same; a class of ours is known by its name.
        _cluster.NoPod("i");
        Assert.Equal("", Refusal("p"));
        Bind("s", "wp", 80, "8080", """{"ambient.mesh/require-waypoint":"always"}""");
        Assert.Equal($"[8080 not {Waypoint}]", Refusal("p"));
        Bind("s", "wp", 80, "8080");
        Assert.Equal("", Refusal("p"));
        _cluster.Set(KnownResources.GatewayClasses, """{"metadata":{"name":"theirs"},"spec":{"controllerName":"istio.io/mesh-controller"}}""", (key, now) => _cluster.Index.SetGatewayClass(key.Name, now));
        Assert.Equal($"[8080 not {Waypoint}]", Refusal("p"));
        _cluster.Gateway("wp", "wp.ns1", spec: """{"gatewayClassName":"theirs"}""", annotations: """{"ambient.istio.io/waypoint-inbound-binding":"PROXY/15088"}""");
        Assert.Equal("", Refusal("p"));
    }

    [Fact]
    public void EndpointsOfOneAddress_AreOneWorkload_WithThePolicyThatIsTold()
    {
        _cluster.ServiceEntry(
            "e",
            """{"hosts":["e.com"],"resolution":"STATIC","ports":[{"number":80,"name":"http"}],"endpoints":[{"address":"10.7.0.1","ports":{"http":8080}},{"address":"10.7.0.1","ports":{"http":9090}}]}""",
            """{"istio.io/use-waypoint":"wp"}""");
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"ServiceEntry","group":"networking.istio.io","name":"e"}],"action":"DENY",{{Get}}}""");
        string listed = Assert.Single(_cluster.Workload("cluster0/networking.istio.io/ServiceEntry/ns1/e/10.7.0.1").AuthorizationPolicies);
        Assert.Equal([8080u], _cluster.Policy(listed).Rules.Single().Clauses.Single().Matches.Single().DestinationPorts);
        Assert.Single(_cluster.PolicyNames);
    }

    [Fact]
    public void WorkloadsOfAnotherCluster_ListNoPolicyThatNobodyIsTold()
    {
        var remote = new Cluster(Cluster.Settings, isRemote: true);
        remote.Gateway("wp", "wp.ns1", spec: """{"gatewayClassName":"istio-waypoint"}""");
        remote.Service("s", Spec(80, "8080"), """{"istio.io/use-waypoint":"wp"}""", """{"ambient.mesh/require-waypoint":"always"}""");
        remote.Pod("p", "10.0.0.1", """{"app":"a"}""");
        Assert.Empty(remote.PolicyNames);
        Assert.Empty(remote.Workload("cluster0//Pod/ns1/p").AuthorizationPolicies);
    }

    [Fact]
    public void AtZtunnel_OnlyTheWaypointPasses()
    {
        _cluster.Authorization("p", $$"""{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY",{{Get}}}""");
        Refusal("p");
        Authorization policy = _cluster.Policy(_cluster.PolicyNames.Single());
        Assert.Equal((Scope.WorkloadSelector, Protocol.Istio.Security.Action.Deny, false), (policy.Scope, policy.Action, policy.DryRun));
        Match match = policy.Rules.Single().Clauses.Single().Matches.Single();
        Assert.Equal(([8080u], Waypoint), (match.DestinationPorts, match.NotPrincipals.Single().Exact));
        Assert.StartsWith(WaypointOnlyPolicy.Prefix, policy.Name, StringComparison.Ordinal);
    }

    private const string OfWp = """{"gateway.networking.k8s.io/gateway-name":"wp"}""";

    private void Instance(string name, string account, string ns = "ns1") => _cluster.Pod(name, "10.0.1.1", OfWp, ns: ns, spec: $$"""{"serviceAccountName":"{{account}}"}""");

    private string Said() => string.Join(' ', _cluster.Index.TakeConditions().SelectMany(static said => said.Wanted).Select(static condition => condition.Message));

    /// <summary>Its ztunnels may not have heard yet that they have another waypoint.</summary>
    [Fact]
    public void WaypointThatWasLeft_IsLetInForAMoment_WhileItServesOn()
    {
        ManualTime time = new();
        Cluster cluster = new(clock: time);
        cluster.Gateway("wp", "wp.ns1", spec: """{"gatewayClassName":"istio-waypoint"}""");
        cluster.Gateway("new", "new.ns1", spec: """{"gatewayClassName":"istio-waypoint"}""");
        cluster.Pod("p", "10.0.0.1", """{"app":"a"}""");
        cluster.Service("s", Spec(80, "8080"), """{"istio.io/use-waypoint":"wp"}""", """{"ambient.mesh/require-waypoint":"always"}""");
        Assert.Equal($"[8080 not {Waypoint}]", Refusal("p", cluster));
        cluster.Service("s", Spec(80, "8080"), """{"istio.io/use-waypoint":"new"}""", """{"ambient.mesh/require-waypoint":"always"}""");
        Assert.Equal($"[8080 not cluster.local/ns/ns1/sa/new, {Waypoint}]", Refusal("p", cluster));
        Assert.Equal("new", Assert.Single(cluster.Index.OwnersOf("ns1/s.ns1.svc.company.com")).Name);
        time.Advance(cluster.Index.DueIn!.Value);
        Assert.Equal("[8080 not cluster.local/ns/ns1/sa/new]", Refusal("p", cluster));
        Assert.Null(cluster.Index.DueIn);
    }

    private void Bind(string name, string waypoint, int port, string target, string annotations = "{}") =>
        _cluster.Service(name, Spec(port, target), $$"""{"istio.io/use-waypoint":"{{waypoint}}"}""", annotations);

    private void Headless(string annotations) =>
        _cluster.Service("h", """{"clusterIP":"None","clusterIPs":["None"],"selector":{"app":"a"},"ports":[{"name":"http","port":82,"targetPort":8080}]}""", """{"istio.io/use-waypoint":"wp"}""", annotations);

    private static string Spec(int port, string target) => $$$"""{"clusterIP":"10.1.1.1","selector":{"app":"a"},"ports":[{"name":"http","port":{{{port}}},"targetPort":{{{target}}}}]}""";

    /// <summary>What a pod refuses: ports, and who is let in all the same.</summary>
    private string Refusal(string pod) => Refusal(pod, _cluster);

    private static string Refusal(string pod, Cluster cluster)
    {
        cluster.Events();
        return string.Join(' ', cluster.Workload("cluster0//Pod/ns1/" + pod).AuthorizationPolicies.Select(cluster.Policy).SelectMany(static policy => policy.Rules).Select(static rule => rule.Clauses.Single().Matches.Single())
            .Select(static match => $"[{string.Join(',', match.DestinationPorts)} not {string.Join(", ", match.NotPrincipals.Select(static principal => principal.Exact))}]"));
    }
}
