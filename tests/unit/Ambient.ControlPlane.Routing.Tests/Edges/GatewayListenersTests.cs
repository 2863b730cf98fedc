using Ambient.ControlPlane.Routing.Edges;
using Ambient.Kubernetes.Resources;
using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests.Edges;

/// <summary>Gateways of the class istio: listeners, attachment, certificates.</summary>
public sealed class GatewayListenersTests
{
    private const string Owner = "apps/edge";
    private readonly EdgeCluster _edge = new();

    [Fact]
    [Trait("behaviour", "CP-244")]
    public void Routes_AreAttached_ByNamespaceKindHostnameAndSection()
    {
        Gateway("{'name':'one','port':80,'protocol':'HTTP','hostname':'*.example.com'},{'name':'all','port':81,'protocol':'HTTP','allowedRoutes':{'namespaces':{'from':'All'}}},"
            + "{'name':'b','port':82,'protocol':'HTTP','allowedRoutes':{'namespaces':{'from':'Selector','selector':{'matchLabels':{'team':'b'}}}}}");
        Route("HTTPRoute", "apps/own", "", "'hostnames':['a.example.com','other.org'],", "web");
        Route("HTTPRoute", "other/foreign", "", "'hostnames':['f.example.com'],", "api");
        Route("HTTPRoute", "apps/named", ",'sectionName':'all'", "", "web");
        _edge.Cluster.Take();
        Assert.Equal("a.example.com=web", _edge.Hosts(Owner, 80));
        Assert.Equal("f.example.com=api, *=web, a.example.com=web, other.org=web", _edge.Hosts(Owner, 81));
        Assert.Equal("f.example.com=api", _edge.Hosts(Owner, 82));
        Assert.Equal([1, 3, 1], Verdicts().Select(static verdict => verdict.AttachedRoutes));
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Status("HTTPRoute other/foreign"));
    }

    [Fact]
    [Trait("behaviour", "CP-255")]
    public void RoutesThatNoListenerTakes_SayWhy()
    {
        Gateway("{'name':'one','port':80,'protocol':'HTTP','hostname':'*.example.com'}");
        Route("HTTPRoute", "other/foreign", "", "", "api");
        Route("HTTPRoute", "apps/host", "", "'hostnames':['a.org'],", "web");
        Route("HTTPRoute", "apps/section", ",'sectionName':'two'", "", "web");
        _edge.Cluster.Take();
        Assert.Equal("", _edge.Hosts(Owner, 80));
        Assert.StartsWith("Accepted=False/NotAllowedByListeners", Status("HTTPRoute other/foreign"), StringComparison.Ordinal);
        Assert.StartsWith("Accepted=False/NoMatchingListenerHostname", Status("HTTPRoute apps/host"), StringComparison.Ordinal);
        Assert.StartsWith("Accepted=False/NoMatchingParent", Status("HTTPRoute apps/section"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "CP-260")]
    public void BackendsElsewhere_NeedAGrant()
    {
        Gateway("{'name':'one','port':80,'protocol':'HTTP'}");
        Route("HTTPRoute", "apps/cross", "", "", "api','namespace':'other");
        _edge.Cluster.Take();
        Assert.Equal("*=500", _edge.Hosts(Owner, 80));
        Assert.Contains("ResolvedRefs=False/RefNotPermitted", Status("HTTPRoute apps/cross"), StringComparison.Ordinal);
        _edge.Cluster.Set("ReferenceGrant", "other/g", "},'spec':{'from':[{'group':'gateway.networking.k8s.io','kind':'HTTPRoute','namespace':'apps'}],'to':[{'group':'','kind':'Service','name':'api'}]}");
        _edge.Cluster.Take();
        Assert.Equal("*=api", _edge.Hosts(Owner, 80));
    }

    [Theory]
    [InlineData("'group':'networking.istio.io','kind':'ServiceEntry','name':'far'", "networking.istio.io", "ServiceEntry")]
    [InlineData("'group':'networking.istio.io','kind':'Hostname','name':'far.example'", "networking.istio.io", "Hostname")]
    [InlineData("'group':'core','kind':'Service','name':'api'", "", "Service")]
    public void BackendsOfEveryKind_NeedAGrantOfTheirOwn(string backend, string group, string kind)
    {
        _edge.Cluster.Set("ServiceEntry", "other/far", "},'spec':{'hosts':['far.example'],'ports':[{'number':80,'name':'http','protocol':'HTTP'}],'resolution':'DNS'}");
        Gateway("{'name':'one','port':80,'protocol':'HTTP'}");
        _edge.Cluster.Set("HTTPRoute", "apps/cross", "},'spec':{'parentRefs':[{'name':'edge'}],'rules':[{'backendRefs':[{" + backend + ",'namespace':'other','port':80}]}]}");
        void Grant(string toGroup, string toKind) => _edge.Cluster.Set(
            "ReferenceGrant", "other/g", "},'spec':{'from':[{'group':'gateway.networking.k8s.io','kind':'HTTPRoute','namespace':'apps'}],'to':[{'group':'" + toGroup + "','kind':'" + toKind + "'}]}");
        Grant("example.com", kind);
        _edge.Cluster.Take();
        Assert.Equal("*=500", _edge.Hosts(Owner, 80));
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=False/RefNotPermitted", Status("HTTPRoute apps/cross"));
        Grant(group, kind);
        _edge.Cluster.Take();
        Assert.NotEqual("*=500", _edge.Hosts(Owner, 80));
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Status("HTTPRoute apps/cross"));
    }

    [Theory]
    [InlineData("{'filters':[{'type':'ExtensionRef'}],GOOD}", "Accepted=False/InvalidFilter ResolvedRefs=True/ResolvedRefs", "Accepted", "spec.rules[0].filters[0]: the filter ExtensionRef is not supported")]
    [InlineData("{GOOD},{'filters':[{'type':'ExtensionRef'}],GOOD}", "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs PartiallyInvalid=True/UnsupportedValue", "PartiallyInvalid", "spec.rules[1].filters[0]")]
    [InlineData("{'sessionPersistence':{},GOOD}", "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs PartiallyInvalid=True/UnsupportedValue", "PartiallyInvalid", "spec.rules[0].sessionPersistence is not supported")]
    [InlineData("{'timeouts':{'request':'soon'},GOOD}", "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs PartiallyInvalid=True/UnsupportedValue", "PartiallyInvalid", "spec.rules[0].timeouts.request 'soon'")]
    [InlineData("{'matches':[{'path':{'type':'RegularExpression','value':'(?=x)'}}],GOOD}", "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs PartiallyInvalid=True/UnsupportedValue", "PartiallyInvalid", "spec.rules[0].matches[0]: ")]
    [InlineData("{'backendRefs':[{'name':'nobody','port':80}]}", "Accepted=True/Accepted ResolvedRefs=False/BackendNotFound", "ResolvedRefs", "spec.rules[0].backendRefs[0]")]
    public void WhatOfAnAttachedRouteIsNotInForce_ItsStatusSays(string rules, string expected, string condition, string message)
    {
        Gateway("{'name':'one','port':80,'protocol':'HTTP'}");
        void Set(string written) => _edge.Cluster.Set("HTTPRoute", "apps/r", "},'spec':{'parentRefs':[{'name':'edge'}],'rules':[" + written.Replace("GOOD", "'backendRefs':[{'name':'web','port':80}]", StringComparison.Ordinal) + "]}");
        Set(rules);
        _edge.Cluster.Take();
        Assert.Equal(expected, Status("HTTPRoute apps/r"));
        Assert.StartsWith(message, _edge.Cluster.Statuses["HTTPRoute apps/r"].Parents![0].Wanted!.Single(said => said.Type == condition).Message, StringComparison.Ordinal);
        Set("{GOOD}");
        _edge.Cluster.Take();
        Assert.Equal("Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs", Status("HTTPRoute apps/r"));
    }

    [Fact]
    public void Telemetry_SelectsAGatewaysPods_AndOneOfTwoCounts()
    {
        const string Settings = "WaypointSettings " + Owner + "/settings";
        Gateway("{'name':'one','port':80,'protocol':'HTTP'}");
        void Sample(string name, string app, string day) => _edge.Cluster.Set(
            "Telemetry", name, "},'spec':{'selector':{'matchLabels':{'gateway.networking.k8s.io/gateway-name':'" + app + "'}},'metrics':[{'overrides':[{'match':{'metric':'REQUEST_COUNT'},'disabled':true}]}]}", $"2026-01-{day}T00:00:00Z");
        int Overrides() => ((WaypointSettings)_edge.Cluster.Resources[Settings]).Telemetry?.Profiles[0].Metrics.Count ?? 0;
        Sample("apps/another", "else", "01");
        _edge.Cluster.Take();
        Assert.Equal(0, Overrides());
        Sample("apps/ours", "edge", "02");
        Sample("apps/younger", "edge", "03");
        _edge.Cluster.Take();
        Assert.Equal(1, Overrides());
        Assert.Contains("Telemetry apps/ours is older and selects its pods already", _edge.Cluster.Statuses["Telemetry apps/younger"].Wanted.Single().Message, StringComparison.Ordinal);
        Assert.Equal("True", _edge.Cluster.Statuses["Telemetry apps/ours"].Wanted.Single().Status);
    }

    [Fact]
    [Trait("behaviour", "CP-266")]
    public void Listeners_Conflict_AndOnlyAcceptedOnesBlockOthers()
    {
        Gateway("{'name':'a','port':80,'protocol':'HTTP','hostname':'x.org'},{'name':'b','port':80,'protocol':'HTTP','hostname':'y.org'},{'name':'c','port':80,'protocol':'HTTP','hostname':'x.org'},{'name':'d','port':80,'protocol':'TCP'},"
            + "{'name':'e','port':90,'protocol':'TCP'},{'name':'f','port':90,'protocol':'TCP'},{'name':'g','port':91,'protocol':'UDP'},{'name':'h','port':92,'protocol':'http'}");
        _edge.Cluster.Take();
        Assert.Equal(["", "", "HostnameConflict", "ProtocolConflict", "", "ProtocolConflict", "UnsupportedProtocol", "UnsupportedProtocol"], Verdicts().Select(static verdict => (verdict.Conflict ?? verdict.Unaccepted)?.Reason ?? ""));
        Assert.Contains("did you mean HTTP?", Verdicts()[7].Unaccepted!.Value.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "WP-255")]
    public void Certificates_ComeFromSecrets_AndWithoutThemTheListenerIsClosed()
    {
        Gateway("{'name':'https','port':443,'protocol':'HTTPS','hostname':'a.org','tls':{'certificateRefs':[{'name':'cert'}]}},{'name':'else','port':443,'protocol':'HTTPS','hostname':'b.org','tls':{'certificateRefs':[{'name':'cert','namespace':'other'}]}}");
        Route("HTTPRoute", "apps/r", "", "", "web");
        _edge.Cluster.Take();
        Assert.Equal(["InvalidCertificateRef", "RefNotPermitted"], Verdicts().Select(static verdict => verdict.Unresolved!.Value.Reason));
        Assert.All(_edge.Find<EdgePort>(Owner + "/port/443")!.Listeners, static listener => Assert.NotEmpty(listener.Broken));
        Assert.DoesNotContain(_edge.Cluster.Resources.Keys, static name => name.StartsWith("EdgeCredential", StringComparison.Ordinal));

        _edge.Certificate("apps/cert");
        _edge.Certificate("other/cert");
        _edge.Cluster.Set("ReferenceGrant", "other/g", "},'spec':{'from':[{'group':'gateway.networking.k8s.io','kind':'Gateway','namespace':'apps'}],'to':[{'group':'','kind':'Secret'}]}");
        _edge.Cluster.Take();
        Assert.All(Verdicts(), static verdict => Assert.True(verdict.IsServing));
        Assert.Equal(["apps/cert", "other/cert"], _edge.Find<EdgePort>(Owner + "/port/443")!.Listeners.SelectMany(static listener => listener.Tls.Credentials));
        Assert.NotEmpty(_edge.Find<EdgeCredential>(Owner + "/credential/apps/cert")!.Key);

        // A key of another certificate is no key, and what it said is not repeated.
        _edge.Secret("apps/cert", ("tls.crt", new TestPem().Certificate), ("tls.key", new TestPem().Key));
        _edge.Cluster.Take();
        Assert.Equal("InvalidCertificateRef", Verdicts()[0].Unresolved!.Value.Reason);
        Assert.Null(_edge.Find<EdgeCredential>(Owner + "/credential/apps/cert"));
        Assert.DoesNotContain(_edge.Cluster.Said, static said => said.Contains("BEGIN", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("MUTUAL", ClientCheck.CheckRequired)]
    [InlineData("OPTIONAL_MUTUAL", ClientCheck.CheckIfGiven)]
    [InlineData("SIMPLE", ClientCheck.CheckNone)]
    public void AnOption_SaysWhetherClientsShowCertificates(string mode, ClientCheck expected)
    {
        Gateway("{'name':'https','port':443,'protocol':'HTTPS','tls':{'certificateRefs':[{'name':'cert'}],'options':{'gateway.istio.io/tls-terminate-mode':'" + mode + "','gateway.istio.io/tls-cipher-suites':'ECDHE-RSA-AES128-GCM-SHA256, x'}}}");
        _edge.Certificate("apps/cert");
        _edge.Cluster.Take();
        EdgeListener listener = Assert.Single(_edge.Find<EdgePort>(Owner + "/port/443")!.Listeners);
        Assert.Equal(("", expected, expected == ClientCheck.CheckNone ? "" : "apps/cert"), (listener.Broken, listener.Tls.Check, listener.Tls.Authorities));
        Assert.Equal(["ECDHE-RSA-AES128-GCM-SHA256", "x"], listener.Tls.Ciphers);

        // Without authorities nobody could be checked: the listener is closed, not open to all.
        TestPem pem = new();
        _edge.Secret("apps/cert", ("tls.crt", pem.Certificate), ("tls.key", pem.Key));
        _edge.Cluster.Take();
        Assert.Equal(expected == ClientCheck.CheckNone, Verdicts()[0].IsServing);
    }

    [Fact]
    public void AnOption_MakesClientsThoseOfTheMesh_AndOthersAreRefused()
    {
        Gateway("{'name':'mesh','port':443,'protocol':'HTTPS','hostname':'a.org','tls':{'options':{'gateway.istio.io/tls-terminate-mode':'ISTIO_MUTUAL'}}},"
            + "{'name':'both','port':443,'protocol':'HTTPS','hostname':'b.org','tls':{'certificateRefs':[{'name':'cert'}],'options':{'gateway.istio.io/tls-terminate-mode':'ISTIO_MUTUAL'}}},"
            + "{'name':'else','port':443,'protocol':'HTTPS','hostname':'c.org','tls':{'certificateRefs':[{'name':'cert'}],'options':{'gateway.istio.io/tls-terminate-mode':'MAGIC'}}}");
        _edge.Certificate("apps/cert");
        _edge.Cluster.Take();
        EdgeListener[] listeners = [.. _edge.Find<EdgePort>(Owner + "/port/443")!.Listeners];
        Assert.Equal([true, false, false], Verdicts().Select(static verdict => verdict.IsServing));
        Assert.Equal((true, ClientCheck.CheckRequired, ""), (listeners[0].Tls.Mesh, listeners[0].Tls.Check, listeners[0].Broken));
        Assert.Contains("there must be none", listeners[1].Broken, StringComparison.Ordinal);
        Assert.Contains("MAGIC is not supported", listeners[2].Broken, StringComparison.Ordinal);
    }

    [Fact]
    public void OnlyTheGatewaysOwnAccount_GetsItsConfiguration()
    {
        Gateway("{'name':'one','port':80,'protocol':'HTTP'}");
        SpiffeId account(string name) => new("cluster.local", "apps", name);
        Assert.Equal(Owner, _edge.Cluster.Waypoints.OwnerOf([account("edge-istio")], "apps", "edge"));
        Assert.Null(_edge.Cluster.Waypoints.OwnerOf([account("edge")], "apps", "edge"));
        Assert.Null(_edge.Cluster.Waypoints.OwnerOf([account("web")], "apps", "edge"));
    }

    [Fact]
    public void PassedThroughTls_AndBytes_HaveTheirRoutes()
    {
        Gateway("{'name':'tls','port':443,'protocol':'TLS','tls':{'mode':'Passthrough'}},{'name':'pg','port':5432,'protocol':'TCP'}");
        Route("TLSRoute", "apps/t", ",'sectionName':'tls'", "'hostnames':['db.example.com'],", "web");
        Route("TCPRoute", "apps/c", ",'sectionName':'pg'", "", "web");
        _edge.Cluster.Take();
        EdgeListener tls = Assert.Single(_edge.Find<EdgePort>(Owner + "/port/443")!.Listeners), bytes = Assert.Single(_edge.Find<EdgePort>(Owner + "/port/5432")!.Listeners);
        Assert.True(tls.Tls.Passthrough);
        TcpRoute route = Assert.Single(_edge.Find<ServiceRoutes>($"{Owner}/{tls.Connections}")!.Ports[0].Tcp);
        Assert.Equal(["db.example.com"], route.ServerNames);
        Assert.Equal("web.apps.svc.cluster.local", Assert.Single(_edge.Find<ServiceRoutes>($"{Owner}/{bytes.Connections}")!.Ports[0].Tcp).Targets[0].Destination.Hostname);
    }

    [Fact]
    public void PassedThroughTls_IsForNamesThatListenerAndRouteShare()
    {
        Gateway("{'name':'tls','port':443,'protocol':'TLS','hostname':'*.example.com','tls':{'mode':'Passthrough'}},{'name':'ended','port':444,'protocol':'TLS','hostname':'*.example.com','tls':{'certificateRefs':[{'name':'cert'}]}}");
        _edge.Certificate("apps/cert");
        Route("TLSRoute", "apps/t", "", "'hostnames':['db.example.com','other.org'],", "web");
        Route("TLSRoute", "apps/none", "", "'hostnames':['other.org'],", "web");
        _edge.Cluster.Take();
        EdgeListener listener = Assert.Single(_edge.Find<EdgePort>(Owner + "/port/443")!.Listeners);
        TcpRoute route = Assert.Single(_edge.Find<ServiceRoutes>($"{Owner}/{listener.Connections}")!.Ports[0].Tcp);
        Assert.Equal(("apps.t", "db.example.com"), (route.Name, Assert.Single(route.ServerNames)));
        Assert.StartsWith("Accepted=False/NoMatchingListenerHostname", Status("TLSRoute apps/none"), StringComparison.Ordinal);

        // Where the gateway ends TLS, such a route is not taken.
        Assert.Equal([1, 0], Verdicts().Select(static verdict => verdict.AttachedRoutes));
    }

    private IReadOnlyList<ListenerVerdict> Verdicts() => _edge.Cluster.Waypoints.ListenersOf(new ResourceKey("apps", "edge"))!;

    private string Status(string route) => string.Join(' ', _edge.Cluster.Statuses[route].Parents![0].Wanted!.Select(static condition => $"{condition.Type}={condition.Status}/{condition.Reason}"));

    private void Gateway(string listeners) => _edge.Cluster.Set("Gateway", Owner, "},'spec':{'gatewayClassName':'istio','listeners':[" + listeners + "]}");

    private void Route(string kind, string name, string parent, string fields, string backend) =>
        _edge.Cluster.Set(kind, name, "},'spec':{'parentRefs':[{'name':'edge','namespace':'apps'" + parent + "}]," + fields + "'rules':[{'backendRefs':[{'name':'" + backend + "','port':80}]}]}");
}
