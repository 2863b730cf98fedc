using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests.Edges;

/// <summary>Istio's Gateways: servers, VirtualServices that are bound to them, TLS.</summary>
public sealed class GatewayServersTests
{
    private const string Owner = "istio-system/ingress";
    private readonly EdgeCluster _edge = new();

    public GatewayServersTests() => _edge.Cluster.Set("Pod", "istio-system/ingress-1", ",'labels':{'istio':'ingressgateway'}},'spec':{'serviceAccountName':'ingress','nodeName':'n'},'status':{'phase':'Running','podIP':'10.1.1.1'}");

    [Fact]
    [Trait("behaviour", "WP-250")]
    public void VirtualServices_AreBound_ByNameHostAndNamespace()
    {
        Gateway("apps/gw", "{'port':{'number':80,'name':'http','protocol':'HTTP'},'hosts':['*.example.com','other/*']}");
        Service("apps/bound", "'gw'", "a.example.com", "web");
        Service("apps/wide", "'gw'", "*.com", "web");
        Service("other/full", "'apps/gw'", "o.org", "api");
        Service("apps/foreign", "'gw'", "o.org", "web");
        Service("apps/mesh", "'mesh'", "m.example.com", "web");
        _edge.Cluster.Take();
        Assert.Equal("a.example.com=web, o.org=api, *.example.com=web", _edge.Hosts(Owner, 80));
        Assert.Null(_edge.Find<EdgePort>("apps/gw/port/80"));
    }

    [Fact]
    public void Statuses_SayWhoUsesGatewaysAndTheirVirtualServices()
    {
        Gateway("apps/gw", "{'port':{'number':80,'name':'http','protocol':'HTTP'},'hosts':['*.example.com']}");
        Service("apps/bound", "'gw'", "a.example.com", "web");
        Service("apps/foreign", "'gw'", "a.org", "web");
        _edge.Cluster.Take();
        Assert.Equal("True/Accepted", Status("Gateway apps/gw"));
        Assert.Equal("True/Accepted", Status("VirtualService apps/bound"));
        Assert.Equal("False/NoEffect", Status("VirtualService apps/foreign"));
        _edge.Cluster.Set("Pod", "istio-system/ingress-1", null);
        _edge.Cluster.Take();
        Assert.Equal("False/NoEffect", Status("Gateway apps/gw"));
        Assert.Equal("False/NoEffect", Status("VirtualService apps/bound"));
    }

    [Fact]
    [Trait("behaviour", "WP-251")]
    public void HttpsRedirect_ComesBeforeEverything_AlsoWithoutAVirtualService()
    {
        Gateway("apps/gw", "{'port':{'number':80,'name':'http','protocol':'HTTP'},'hosts':['a.example.com','b.example.com'],'tls':{'httpsRedirect':true}}");
        Service("apps/bound", "'gw'", "a.example.com", "web");
        _edge.Cluster.Take();
        Assert.Equal("a.example.com=redirect:https:301+web, b.example.com=redirect:https:301", _edge.Hosts(Owner, 80));
    }

    [Fact]
    [Trait("behaviour", "WP-255")]
    [Trait("behaviour", "WP-256")]
    public void Secrets_AreOfTheGatewaysNamespace_AndAuthoritiesMayBeApart()
    {
        Gateway("apps/gw", "{'port':{'number':443,'name':'https','protocol':'HTTPS'},'hosts':['a.org'],'tls':{'mode':'MUTUAL','credentialName':'cert','minProtocolVersion':'TLSV1_3','subjectAltNames':['x']}},"
            + "{'port':{'number':443,'name':'two','protocol':'HTTPS'},'hosts':['b.org'],'tls':{'mode':'ISTIO_MUTUAL'}}");
        _edge.Certificate("apps/cert");
        _edge.Cluster.Take();
        Assert.Contains("istio-system/cert is missing", _edge.Find<EdgePort>(Owner + "/port/443")!.Listeners[0].Broken, StringComparison.Ordinal);
        TestPem pem = new();
        _edge.Secret("istio-system/cert", ("cert", pem.Certificate), ("key", pem.Key));
        _edge.Secret("istio-system/cert-cacert", ("cacert", pem.Certificate));
        _edge.Cluster.Take();
        EdgeListener[] listeners = [.. _edge.Find<EdgePort>(Owner + "/port/443")!.Listeners];
        Assert.Equal("", listeners[0].Broken);
        Assert.Equal((ClientCheck.CheckRequired, "istio-system/cert-cacert", 0x0304u), (listeners[0].Tls.Check, listeners[0].Tls.Authorities, listeners[0].Tls.MinVersion));
        Assert.Equal(("", true, ClientCheck.CheckRequired, 0), (listeners[1].Broken, listeners[1].Tls.Mesh, listeners[1].Tls.Check, listeners[1].Tls.Credentials.Count));
        Assert.Empty(_edge.Find<EdgeCredential>(Owner + "/credential/istio-system/cert-cacert")!.Key);
    }

    [Theory]
    [InlineData("'mode':'ISTIO_MUTUAL','credentialName':'cert'", "credentialName")]
    [InlineData("'mode':'ISTIO_MUTUAL','caCertCredentialName':'cert'", "caCertCredentialName")]
    [InlineData("'mode':'ISTIO_MUTUAL','insecureSkipVerify':true", "insecureSkipVerify")]
    [InlineData("'mode':'AUTO_PASSTHROUGH'", "mode AUTO_PASSTHROUGH is not supported: it leads to sidecars")]
    [InlineData("'mode':'MAGIC','credentialName':'cert'", "mode MAGIC is not supported")]
    public void WhatCannotBe_ClosesTheServer_AndIsSaid(string tls, string said)
    {
        _edge.Certificate("istio-system/cert");
        Gateway("apps/gw", "{'port':{'number':443,'name':'https','protocol':'HTTPS'},'hosts':['a.org'],'tls':{" + tls + "}}");
        _edge.Cluster.Take();
        Assert.Contains(said, Assert.Single(_edge.Find<EdgePort>(Owner + "/port/443")!.Listeners).Broken, StringComparison.Ordinal);
        Assert.StartsWith("False/", Status("Gateway apps/gw"), StringComparison.Ordinal);
    }

    [Fact]
    public void GrpcWeb_IsTranslated_WhereAServerSaysSo()
    {
        Gateway("apps/gw", "{'port':{'number':80,'name':'web','protocol':'GRPC-WEB'},'hosts':['a.example.com']},{'port':{'number':80,'name':'http','protocol':'HTTP'},'hosts':['b.example.com']}");
        Service("apps/one", "'gw'", "a.example.com", "web");
        Service("apps/two", "'gw'", "b.example.com", "web");
        _edge.Cluster.Take();
        EdgeListener listener = Assert.Single(_edge.Find<EdgePort>(Owner + "/port/80")!.Listeners);
        Assert.Equal([("a.example.com", true), ("b.example.com", false)], listener.Hosts.Select(host => (host.Hostname, _edge.Find<ServiceRoutes>($"{Owner}/{host.Routes}")!.Ports[0].GrpcWeb)).Order());
    }

    [Fact]
    public void Ports_AreThoseOfThePods_AndOtherProtocolsOnThemAreRefused()
    {
        _edge.Cluster.Set("Service", "istio-system/ingress", "},'spec':{'clusterIP':'10.96.0.9','selector':{'istio':'ingressgateway'},'ports':[{'name':'http','port':80,'targetPort':8080},{'name':'pg','port':5432}]}");
        Gateway("apps/gw", "{'port':{'number':80,'name':'http','protocol':'HTTP'},'hosts':['*']},{'port':{'number':80,'name':'tcp','protocol':'TCP'},'hosts':['*']},{'port':{'number':5432,'name':'pg','protocol':'TCP'},'hosts':['*']}");
        _edge.Cluster.Set("VirtualService", "apps/pg", "},'spec':{'hosts':['*'],'gateways':['gw'],'tcp':[{'match':[{'port':5432}],'route':[{'destination':{'host':'web','port':{'number':80}}}]}]}");
        _edge.Cluster.Take();
        Assert.NotNull(_edge.Find<EdgePort>(Owner + "/port/8080"));
        Assert.Null(_edge.Find<EdgePort>(Owner + "/port/80"));
        Assert.Contains(_edge.Cluster.Said, static said => said.Contains("is taken by an older server", StringComparison.Ordinal));
        EdgeListener bytes = Assert.Single(_edge.Find<EdgePort>(Owner + "/port/5432")!.Listeners);
        Assert.Single(_edge.Find<ServiceRoutes>($"{Owner}/{bytes.Connections}")!.Ports[0].Tcp);
    }

    [Fact]
    [Trait("behaviour", "WP-248")]
    [Trait("behaviour", "CP-271")]
    public void ServicesThatSaySo_AreReachedThroughTheirWaypoint()
    {
        Gateway("apps/gw", "{'port':{'number':80,'name':'http','protocol':'HTTP'},'hosts':['*']}");
        Service("apps/bound", "'gw'", "a.example.com", "web");
        _edge.Cluster.Take();
        Assert.NotEqual(true, _edge.Find<DestinationSettings>(Owner + "/apps/web.apps.svc.cluster.local")?.ThroughWaypoint);
        _edge.Cluster.Set("Service", "apps/web", ",'labels':{'istio.io/ingress-use-waypoint':'true'}},'spec':{'clusterIP':'10.96.0.1','ports':[{'name':'http','port':80}]}");
        _edge.Cluster.Take();
        Assert.True(_edge.Find<DestinationSettings>(Owner + "/apps/web.apps.svc.cluster.local")!.ThroughWaypoint);
    }

    [Theory]
    [InlineData("", "true", true)]
    [InlineData("'istio.io/ingress-use-waypoint':'false'", "true", false)]
    [InlineData("'istio.io/ingress-use-waypoint':'nonsense'", "true", false)]
    [InlineData("'istio.io/ingress-use-waypoint':'1'", "false", true)]
    [InlineData("", "false", false)]
    [Trait("behaviour", "WP-248")]
    public void WhatAServiceSays_CountsBeforeWhatItsNamespaceSays(string own, string ofNamespace, bool expected)
    {
        Gateway("apps/gw", "{'port':{'number':80,'name':'http','protocol':'HTTP'},'hosts':['*']}");
        Service("apps/bound", "'gw'", "a.example.com", "web");
        _edge.Cluster.Set("Namespace", "apps", ",'labels':{'istio.io/ingress-use-waypoint':'" + ofNamespace + "'}}");
        _edge.Cluster.Set("Service", "apps/web", ",'labels':{" + own + "}},'spec':{'clusterIP':'10.96.0.1','ports':[{'name':'http','port':80}]}");
        _edge.Cluster.Take();
        Assert.Equal(expected, _edge.Find<DestinationSettings>(Owner + "/apps/web.apps.svc.cluster.local")?.ThroughWaypoint == true);
    }

    [Fact]
    [Trait("behaviour", "WP-254")]
    public void Policies_MaySelectAGatewaysPods()
    {
        Gateway("apps/gw", "{'port':{'number':80,'name':'http','protocol':'HTTP'},'hosts':['*']}");
        _edge.Cluster.Set("AuthorizationPolicy", "istio-system/deny", "},'spec':{'selector':{'matchLabels':{'istio':'ingressgateway'}},'action':'DENY','rules':[{'from':[{'source':{'remoteIpBlocks':['10.0.0.0/8']}}]}]}");
        _edge.Cluster.Set("AuthorizationPolicy", "istio-system/others", "},'spec':{'selector':{'matchLabels':{'istio':'else'}},'action':'DENY','rules':[{}]}");
        _edge.Cluster.Take();
        Assert.True(Assert.Single(_edge.Find<AccessPolicy>(Owner + "/istio-system/deny")!.Attachments).All);
        Assert.Null(_edge.Find<AccessPolicy>(Owner + "/istio-system/others"));
    }

    private void Gateway(string name, string servers) => _edge.Cluster.Set("IstioGateway", name, "},'spec':{'selector':{'istio':'ingressgateway'},'servers':[" + servers + "]}");

    private void Service(string name, string gateway, string host, string backend) =>
        _edge.Cluster.Set("VirtualService", name, "},'spec':{'hosts':['" + host + "'],'gateways':[" + gateway + "],'http':[{'route':[{'destination':{'host':'" + backend + "'}}]}]}");

    private string Status(string name) => _edge.Cluster.Statuses.GetValueOrDefault(name)?.Wanted is [var condition, ..] ? $"{condition.Status}/{condition.Reason}" : "nothing";
}
