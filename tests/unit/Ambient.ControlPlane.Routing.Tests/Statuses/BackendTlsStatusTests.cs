using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests.Statuses;

/// <summary>What the status of a BackendTLSPolicy says about its targets and the Gateways that lead to them.</summary>
public sealed class BackendTlsStatusTests
{
    private const string Good = "'wellKnownCACertificates':'System','hostname':'h.example.com'";
    private readonly Dictionary<string, byte[]?> _maps = new(StringComparer.Ordinal) { ["ca"] = new TestPem().Certificate, ["bad"] = "nothing"u8.ToArray() };
    private readonly RoutedCluster _cluster;

    public BackendTlsStatusTests()
    {
        _cluster = new RoutedCluster(references: reference => !_maps.TryGetValue(reference.Key.Name, out byte[]? pem) ? Referenced.Missing
            : pem is null ? Referenced.Unknown : new Referenced(true, new Dictionary<string, byte[]> { ["ca.crt"] = pem }));
        _cluster.Set("GatewayClass", "istio-waypoint", "},'spec':{'controllerName':'istio.io/mesh-controller'}");
        _cluster.Set("GatewayClass", "istio", "},'spec':{'controllerName':'istio.io/gateway-controller'}");
        _cluster.Set("Gateway", "apps/w", "},'spec':{'gatewayClassName':'istio-waypoint','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[{'type':'IPAddress','value':'10.0.0.9'}]}");
        _cluster.Set("Service", "apps/cart", ",'labels':{'istio.io/use-waypoint':'w'}},'spec':{'clusterIP':'10.96.0.1','clusterIPs':['10.96.0.1'],'ports':[{'name':'http','port':80},{'name':'https','port':443}]}");
    }

    [Fact]
    public void APolicyThatIsRight_IsAccepted_ForTheMeshAndForGatewaysThatLeadThere()
    {
        Assert.Equal("mesh Service/cart Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Judge("p", Good));
        Assert.Equal("Configuration is valid", Said("p").Message);

        // A Gateway with a route to it is an ancestor as long as the route is there.
        _cluster.Set("Gateway", "edge/gw", "},'spec':{'gatewayClassName':'istio','listeners':[{'name':'http','port':80,'protocol':'HTTP','allowedRoutes':{'namespaces':{'from':'All'}}}]}");
        _cluster.Set("HTTPRoute", "apps/r", "},'spec':{'parentRefs':[{'name':'gw','namespace':'edge'}],'rules':[{'backendRefs':[{'name':'cart','port':80}]}]}");
        Assert.Equal("mesh Service/cart Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs, gateway Gateway/gw Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Take("p"));
        _cluster.Set("HTTPRoute", "apps/r", null);
        Assert.Equal("mesh Service/cart Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Take("p"));
    }

    [Fact]
    public void WithoutAnybodyWhoSendsThere_ItIsAccepted_AndSaysSo()
    {
        _cluster.Set("Service", "apps/alone", "},'spec':{'clusterIP':'10.96.0.2','ports':[{'name':'http','port':80}]}");
        Assert.Equal("mesh Service/alone Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Judge("p", Good, Target("alone")));
        Assert.Contains("no effect until a waypoint or gateway sends something to Service apps/alone", Said("p").Message, StringComparison.Ordinal);
        _cluster.Set("Service", "apps/alone", ",'labels':{'istio.io/use-waypoint':'w'}},'spec':{'clusterIP':'10.96.0.2','ports':[{'name':'http','port':80}]}");
        Take("p");
        Assert.Equal("Configuration is valid", Said("p").Message);
    }

    [Theory]
    [Trait("behaviour", "CP-264")]
    [InlineData("'caCertificateRefs':[{'group':'','kind':'ConfigMap','name':'none'}],'hostname':'h'", "NoValidCACertificate", "False/InvalidCACertificateRef", "there is no ConfigMap apps/none")]
    [InlineData("'caCertificateRefs':[{'group':'','kind':'ConfigMap','name':'bad'}],'hostname':'h'", "NoValidCACertificate", "False/InvalidCACertificateRef", "needs PEM of certificates")]
    [InlineData("'caCertificateRefs':[{'group':'','kind':'Secret','name':'ca'}],'hostname':'h'", "NoValidCACertificate", "False/InvalidKind", "cannot hold certificates")]
    [InlineData("'wellKnownCACertificates':'Mine','hostname':'h'", "Invalid", "True/ResolvedRefs", "wellKnownCACertificates")]
    [InlineData("'wellKnownCACertificates':'System','hostname':'*'", "Invalid", "True/ResolvedRefs", "spec.validation.hostname")]
    public void WhatCannotBeHonoured_IsNamed_AndTrafficBlocked(string validation, string accepted, string resolved, string message)
    {
        Assert.Equal($"mesh Service/cart Accepted=False/{accepted} ResolvedRefs={resolved}", Judge("p", validation));
        Assert.Contains(message, Said("p").Message, StringComparison.Ordinal);
        Assert.NotEqual("", Tls()!.Broken);
    }

    [Fact]
    public void OneCertificateOfTwo_IsEnough_AndTheOtherIsNamed() =>
        Assert.Equal(
            "mesh Service/cart Accepted=True/Accepted ResolvedRefs=False/InvalidCACertificateRef",
            Judge("p", "'caCertificateRefs':[{'group':'','kind':'ConfigMap','name':'ca'},{'group':'','kind':'ConfigMap','name':'none'}],'hostname':'h'"));

    [Fact]
    [Trait("behaviour", "CP-264")]
    public void TargetsThatAreNotThere_AreNamed_AndFoundWhenTheyCome()
    {
        Assert.Equal("mesh Service/nobody Accepted=False/TargetNotFound ResolvedRefs=True/ResolvedRefs", Judge("p", Good, Target("nobody")));
        _cluster.Set("Service", "apps/nobody", "},'spec':{'clusterIP':'10.96.0.3','ports':[{'name':'http','port':80}]}");
        Assert.Equal("mesh Service/nobody Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Take("p"));
        Assert.Equal("mesh Service/cart/nothing Accepted=False/TargetNotFound ResolvedRefs=True/ResolvedRefs", Judge("p", Good, Target("cart", "nothing")));
        Assert.Equal("Service apps/cart has no port of the name nothing", Said("p").Message.Split(": ")[1]);
        Assert.Equal("mesh Pod/cart Accepted=False/Invalid ResolvedRefs=True/ResolvedRefs", Judge("p", Good, "{'group':'','kind':'Pod','name':'cart'}"));
    }

    [Fact]
    [Trait("behaviour", "CP-262")]
    [Trait("behaviour", "CP-263")]
    public void TwoForOneTarget_TheOlderWins_AndOneThatIsToBeIgnoredIsNone()
    {
        Judge("b", Good);
        Assert.Equal("mesh Service/cart Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Judge("a", Good, created: "2025-01-01T00:00:00Z"));
        Assert.Equal("mesh Service/cart Accepted=False/Conflicted ResolvedRefs=True/ResolvedRefs", Take("b"));
        Assert.Contains("the older policy a ", Said("b").Message, StringComparison.Ordinal);

        // Of the same age, the name decides; a section is another target.
        Assert.Equal("mesh Service/cart Accepted=False/Conflicted ResolvedRefs=True/ResolvedRefs", Judge("c", Good));
        Assert.Equal("mesh Service/cart/https Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Judge("c", Good, Target("cart", "https")));

        _cluster.Set("BackendTLSPolicy", "apps/a", ",'annotations':{'istio.io/ignore-policy-attachment':'true'}" + Spec(Good, Target("cart")), "2025-01-01T00:00:00Z");
        Assert.Equal("mesh Service/cart Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Take("b"));
        Assert.Equal("mesh Service/cart Accepted=False/IgnoredByIstio", Text("a"));
    }

    [Fact]
    public void AMapThatIsRead_IsWaitedFor_AndFollowed()
    {
        _maps["ca"] = null;
        _cluster.Set("BackendTLSPolicy", "apps/p", Spec("'caCertificateRefs':[{'group':'','kind':'ConfigMap','name':'ca'}],'hostname':'h'", Target("cart")));
        _cluster.Take();
        Assert.False(_cluster.Statuses.ContainsKey("BackendTLSPolicy apps/p"));
        _maps["ca"] = new TestPem().Certificate;
        ReferenceKey reference = Assert.Single(_cluster.Waypoints.References);
        _cluster.Waypoints.OnReference(reference);
        Assert.Equal("mesh Service/cart Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Take("p"));
        _maps.Remove("ca");
        _cluster.Waypoints.OnReference(reference);
        Assert.Equal("mesh Service/cart Accepted=False/NoValidCACertificate ResolvedRefs=False/InvalidCACertificateRef", Take("p"));

        // Without the policy nobody depends on it.
        _cluster.Set("BackendTLSPolicy", "apps/p", null);
        _cluster.Take();
        Assert.Empty(_cluster.Waypoints.References);
    }

    [Fact]
    [Trait("behaviour", "CP-265")]
    public void AServiceEntryOfTwoHosts_HasOnePolicyForAll_AndOneForASection()
    {
        _cluster.Set("ServiceEntry", "apps/ext", ",'labels':{'istio.io/use-waypoint':'w'}},'spec':{'hosts':['a.example.com','b.example.com'],'resolution':'DNS','ports':[{'number':80,'name':'http','protocol':'HTTP'},{'number':443,'name':'tls','protocol':'HTTP'}]}");
        const string Entry = "'group':'networking.istio.io','kind':'ServiceEntry','name':'ext'";
        Assert.Equal("mesh ServiceEntry/ext Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Judge("all", "'wellKnownCACertificates':'System','hostname':'all.example.com'", "{" + Entry + "}"));
        Assert.Equal("mesh ServiceEntry/ext/tls Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Judge("one", "'wellKnownCACertificates':'System','hostname':'one.example.com'", "{" + Entry + ",'sectionName':'tls'}"));
        foreach (string host in new[] { "a.example.com", "b.example.com" })
        {
            var settings = (DestinationSettings)_cluster.Resources[$"DestinationSettings apps/w/apps/{host}"];
            Assert.Equal(["0 all.example.com", "443 one.example.com"], settings.Policies.Select(static policy => $"{policy.Port} {policy.Policy.Tls.Sni}"));
        }
    }

    private static string Target(string service, string? section = null) => "{'group':'','kind':'Service','name':'" + service + "'" + (section is null ? "" : ",'sectionName':'" + section + "'") + "}";

    private static string Spec(string validation, string target) => "},'spec':{'targetRefs':[" + target + "],'validation':{" + validation + "}}";

    private string Judge(string name, string validation, string? target = null, string created = "2026-01-01T00:00:00Z")
    {
        _cluster.Set("BackendTLSPolicy", "apps/" + name, Spec(validation, target ?? Target("cart")), created);
        return Take(name);
    }

    private string Take(string name)
    {
        _cluster.Take();
        return Text(name);
    }

    private string Text(string name) => string.Join(", ", _cluster.Statuses["BackendTLSPolicy apps/" + name].Parents!.Select(static said =>
        $"{said.Controller["istio.io/".Length..].Replace("-controller", "", StringComparison.Ordinal)} {said.Parent.Kind}/{said.Parent.Name}{(said.Parent.SectionName is { } section ? "/" + section : "")} "
        + string.Join(' ', said.Wanted!.Select(static condition => $"{condition.Type}={condition.Status}/{condition.Reason}"))));

    private Condition Said(string name) => _cluster.Statuses["BackendTLSPolicy apps/" + name].Parents![0].Wanted![0];

    private UpstreamTls? Tls() => ((DestinationSettings)_cluster.Resources["DestinationSettings apps/w/apps/cart.apps.svc.cluster.local"]).Policies[0].Policy.Tls;
}
