using Ambient.ControlPlane.Routing.Serving;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>What becomes of routes whose parents are services, by the numbers of the reference.</summary>
public sealed class RouteBehaviourTests
{
    private readonly RoutedCluster _cluster = new();

    public RouteBehaviourTests()
    {
        Gateway("apps/w");
        Service("apps/a", "80", "81");
        Service("apps/b", "80");
    }

    [Fact]
    [Trait("behaviour", "CP-243")]
    [Trait("behaviour", "CP-246")]
    public void EachParent_IsOnePortOfOneService()
    {
        Route("HTTPRoute", "apps/r", Parent("a", 80) + "," + Parent("a", 81) + "," + Parent("b"), "{'name':'mine','backendRefs':[{'name':'b','port':80}]}");
        Assert.Equal(["mine"], Names("apps/a.apps.svc.cluster.local", 80));
        Assert.Equal(["mine"], Names("apps/a.apps.svc.cluster.local", 81));
        Assert.Equal(["mine"], Names("apps/b.apps.svc.cluster.local", 80));
        Route("HTTPRoute", "apps/r", Parent("a", 81), "{'name':'mine','backendRefs':[{'name':'b','port':80}]}");
        Assert.Equal(["default"], Names("apps/a.apps.svc.cluster.local", 80));
        Assert.Equal(["mine"], Names("apps/a.apps.svc.cluster.local", 81));
        Assert.Equal(["default"], Names("apps/b.apps.svc.cluster.local", 80));
    }

    [Fact]
    [Trait("behaviour", "CP-245")]
    [Trait("behaviour", "CP-251")]
    public void RoutesOfOneService_AreOneList_WhateverTheirNames()
    {
        Route("HTTPRoute", "apps/r", Parent("a", 80), "{'name':'plain','backendRefs':[{'name':'b','port':80}]}");
        Route("HTTPRoute", "apps/younger", Parent("a", 80), "{'name':'path','matches':[{'path':{'type':'PathPrefix','value':'/x'}}],'backendRefs':[{'name':'b','port':80}]}", created: "2027-01-01T00:00:00Z");
        Assert.Equal(["path", "plain"], Names("apps/a.apps.svc.cluster.local", 80));

        // One of the same name elsewhere is another route, for the clients there alone.
        Route("HTTPRoute", "clients/r", Parent("a", 80).Replace("'name'", "'namespace':'apps','name'", StringComparison.Ordinal), "{'name':'theirs','backendRefs':[{'name':'b','namespace':'apps','port':80}]}");
        Assert.Equal(["path", "plain", "theirs"], Names("apps/a.apps.svc.cluster.local", 80).Order(StringComparer.Ordinal));
        Assert.Equal("clients", Port("apps/a.apps.svc.cluster.local", 80).Http.Single(static route => route.Name == "theirs").Match.ClientNamespace);
        Assert.Equal("", Port("apps/a.apps.svc.cluster.local", 80).Http.Single(static route => route.Name == "plain").Match.ClientNamespace);
    }

    [Fact]
    [Trait("behaviour", "CP-248")]
    [Trait("behaviour", "CP-249")]
    public void AServiceEntry_HasRoutesForEachHost_OfEveryKind()
    {
        _cluster.Set("ServiceEntry", "apps/out", ",'labels':{'istio.io/use-waypoint':'w'}},'spec':{'hosts':['google.com','*.egress.com'],'resolution':'STATIC','addresses':['9.9.9.9'],'ports':[{'number':80,'name':'http','protocol':'HTTP'},{'number':81,'name':'tcp','protocol':'TCP'},{'number':443,'name':'tls','protocol':'TLS'}]}");
        const string Entry = "{'group':'networking.istio.io','kind':'ServiceEntry','name':'out'}";
        Route("HTTPRoute", "apps/h", Entry, "{'name':'h','backendRefs':[{'name':'b','port':80}]}", "'hostnames':['other.com'],");
        Route("TCPRoute", "apps/t", Entry, "{'backendRefs':[{'name':'b','port':80}]}");
        Route("TLSRoute", "apps/s", Entry, "{'backendRefs':[{'name':'b','port':80}]}", "'hostnames':['a.egress.com','b.egress.com'],");
        foreach (string host in new[] { "google.com", "*.egress.com" })
        {
            Assert.Equal(["h"], Names("apps/" + host, 80));
            Assert.Contains(Port("apps/" + host, 81).Tcp, static route => route.Name == "apps.t" && route.ServerNames.Count == 0);
            Assert.Equal(["a.egress.com", "b.egress.com"], Port("apps/" + host, 443).Tcp.Single(static route => route.Name == "apps.s").ServerNames);
        }
    }

    [Fact]
    [Trait("behaviour", "CP-250")]
    public void MoreParticularRules_ComeFirst()
    {
        static string Rule(string name, string match) => "{'name':'" + name + "','matches':[{" + match + "}],'backendRefs':[{'name':'b','port':80}]}";
        Route("HTTPRoute", "apps/r", Parent("a", 80), string.Join(
            ',',
            Rule("regex", "'path':{'type':'RegularExpression','value':'/.*'}"),
            Rule("root", "'path':{'type':'PathPrefix','value':'/'}"),
            Rule("root-method", "'path':{'type':'PathPrefix','value':'/'},'method':'GET'"),
            Rule("bar", "'path':{'type':'PathPrefix','value':'/bar'}"),
            Rule("foo-header", "'path':{'type':'PathPrefix','value':'/foo'},'headers':[{'name':'h','value':'v'}]"),
            Rule("foo-bar", "'path':{'type':'PathPrefix','value':'/foo/bar'}"),
            Rule("exact", "'path':{'type':'Exact','value':'/x'},'headers':[{'name':'h','value':'v'}],'queryParams':[{'name':'q','value':'v'}]")));
        Assert.Equal(["exact", "foo-bar", "foo-header", "bar", "root-method", "root", "regex"], Names("apps/a.apps.svc.cluster.local", 80));
    }

    [Fact]
    [Trait("behaviour", "CP-252")]
    [Trait("behaviour", "CP-253")]
    public void Weights_AreKept_AndWithoutAnyNobodyIsReached()
    {
        Service("apps/c", "80");
        Service("apps/t", "81");
        Route("HTTPRoute", "apps/r", Parent("a", 80), "{'backendRefs':[{'name':'b','port':80,'weight':2,'filters':[{'type':'RequestHeaderModifier','requestHeaderModifier':{'set':[{'name':'x','value':'1'}]}}]},{'name':'c','port':80,'weight':3},{'name':'nobody','port':80,'weight':0}]}");
        HttpAction weighted = Port("apps/a.apps.svc.cluster.local", 80).HttpActions[0];
        Assert.Equal([2u, 3u], weighted.Targets.Where(static target => target.Weight > 0).Select(static target => target.Weight));
        Assert.Equal("x", weighted.Targets[0].Request.Set.Single().Name);

        Route("HTTPRoute", "apps/r", Parent("a", 80), "{'backendRefs':[{'name':'b','port':80,'weight':0}]}");
        Assert.Equal([500u], Port("apps/a.apps.svc.cluster.local", 80).HttpActions[0].Targets.Select(static target => target.FailStatus));
        Route("TCPRoute", "apps/tcp", Parent("t", 81), "{'backendRefs':[{'name':'b','port':80,'weight':0}]}");
        Assert.DoesNotContain(Port("apps/t.apps.svc.cluster.local", 81).Tcp.First(static route => route.Name == "apps.tcp").Targets, static target => target.Weight > 0 && target.FailStatus == 0);
    }

    [Theory]
    [Trait("behaviour", "CP-267")]
    [InlineData("http", 80, PortProtocol.Http)]
    [InlineData("http2-web", 80, PortProtocol.Http2)]
    [InlineData("grpc", 80, PortProtocol.Http2)]
    [InlineData("tcp-x", 80, PortProtocol.Tcp)]
    [InlineData("tls", 80, PortProtocol.Tls)]
    [InlineData("https-x", 80, PortProtocol.Tls)]
    [InlineData("", 80, PortProtocol.Detect)]
    [InlineData("web", 80, PortProtocol.Detect)]
    [InlineData("web", 3306, PortProtocol.Tcp)]
    [InlineData("kubernetes.io/h2c", 80, PortProtocol.Http2)]
    public void AnUnspecifiedPort_IsListenedTo_AndNoOther(string declared, int port, PortProtocol expected) => Assert.Equal(expected, PortProtocols.Of(declared, (ushort)port));

    [Fact]
    [Trait("behaviour", "CP-270")]
    public void Tokens_AreAskedForAtTheTargetAlone_AlsoInAnotherNamespaceThanTheWaypoints()
    {
        _cluster.Set("Service", "shop/cart", ",'labels':{'istio.io/use-waypoint':'w','istio.io/use-waypoint-namespace':'apps'}},'spec':{'clusterIP':'10.2.0.9','ports':[{'name':'http','port':80}]}");
        _cluster.Set("RequestAuthentication", "shop/jwt", "},'spec':{'targetRefs':[{'group':'','kind':'Service','name':'cart'}],'jwtRules':[{'issuer':'me','jwks':'{}'}]}");
        _cluster.Take();
        Attachment only = Assert.Single(((TokenPolicy)_cluster.Resources["TokenPolicy apps/w/shop/jwt"]).Attachments);
        Assert.Equal((false, "shop/cart.shop.svc.cluster.local"), (only.All, only.Service));
    }

    [Fact]
    public void WhatOfMeshConfigHasNoEffect_IsSaidOnce()
    {
        for (int i = 0; i < 2; i++)
        {
            _cluster.Set("ConfigMap", "istio-system/istio", "},'data':{'mesh':'defaultServiceExportTo: [.]'}");
            _cluster.Take();
        }

        Assert.Contains("defaultServiceExportTo", Assert.Single(_cluster.Said), StringComparison.Ordinal);
        _cluster.Set("ConfigMap", "istio-system/istio", "},'data':{'mesh':'accessLogFile: /dev/stdout'}");
        _cluster.Take();
        Assert.Empty(_cluster.Waypoints.Problems);
    }

    private static string Parent(string service, int port = 0) => "{'group':'','kind':'Service','name':'" + service + "'" + (port > 0 ? ",'port':" + port : "") + "}";

    private PortRoutes Port(string service, uint port) => ((ServiceRoutes)_cluster.Resources["ServiceRoutes apps/w/" + service]).Ports.Single(candidate => candidate.Port == port);

    private IEnumerable<string> Names(string service, uint port) => Port(service, port).Http.Select(static route => route.Name);

    private void Route(string kind, string name, string parents, string rules, string more = "", string created = "2026-01-01T00:00:00Z")
    {
        _cluster.Set(kind, name, "},'spec':{" + more + "'parentRefs':[" + parents + "],'rules':[" + rules + "]}", created);
        _cluster.Take();
    }

    private void Service(string name, params string[] ports)
    {
        string list = string.Join(',', ports.Select(port => "{'name':'" + (name.EndsWith('t') ? "tcp" : "http") + port + "','port':" + port + "}"));
        _cluster.Set("Service", name, ",'labels':{'istio.io/use-waypoint':'w'}},'spec':{'clusterIP':'10.2.0.1','ports':[" + list.Replace("http8", "http-8", StringComparison.Ordinal).Replace("tcp8", "tcp-8", StringComparison.Ordinal) + "]}");
    }

    private void Gateway(string name) => _cluster.Set(
        "Gateway", name, "},'spec':{'gatewayClassName':'istio-waypoint','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE','allowedRoutes':{'namespaces':{'from':'All'}}}]},'status':{'addresses':[{'type':'IPAddress','value':'10.1.0.1'}]}");
}
