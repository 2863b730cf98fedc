using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>The routes of the Gateway API's own conformance tests, and what is beyond them.</summary>
public sealed class GatewayRouteTests
{
    private const string Parent = "parentRefs: [{group: '', kind: Service, name: reviews}]";

    [Theory]
    [InlineData("GET /", "", "v1:80")]
    [InlineData("GET /example", "", "v1:80")]
    [InlineData("GET /", "one", "v1:80")]
    [InlineData("GET /v2", "", "v2:80")]
    [InlineData("GET /v2/example", "", "v2:80")]
    [InlineData("GET /v2/", "", "v2:80")]
    [InlineData("GET /", "two", "v2:80")]
    [InlineData("GET /v2example", "", "v1:80")]
    [InlineData("GET /foo/v2/example", "", "v1:80")]
    public void MeshHttpRouteMatching(string request, string version, string expected)
    {
        Compiling mesh = Compiling.Of($$$"""
            HTTPRoute a:
              {{{Parent}}}
              rules:
              - matches: [{path: {type: PathPrefix, value: /}}, {headers: [{name: version, value: one}]}]
                backendRefs: [{name: v1, port: 80}]
              - matches: [{path: {type: PathPrefix, value: /v2}}, {headers: [{name: version, value: two}]}]
                backendRefs: [{name: v2, port: 80}]
            """);
        Assert.Equal(expected, version.Length == 0 ? mesh.Route(request) : mesh.Route(request, ("version", version)));
        Assert.Empty(mesh.Messages);
    }

    [Theory]
    [InlineData("/match/exact/one", "ratings:8080")]
    [InlineData("/match/exact", "v2:80")]
    [InlineData("/match", "v1:80")]
    [InlineData("/match/prefix/one/any", "v2:80")]
    [InlineData("/match/prefix/any", "v1:80")]
    [InlineData("/match/any", "ratings:8080")]
    public void PathMatchOrder(string path, string expected)
    {
        Compiling mesh = Compiling.Of($$$"""
            HTTPRoute a:
              {{{Parent}}}
              rules:
              - matches: [{path: {type: Exact, value: /match/exact/one}}]
                backendRefs: [{name: ratings, port: 8080}]
              - matches: [{path: {type: Exact, value: /match/exact}}]
                backendRefs: [{name: v2, port: 80}]
              - matches: [{path: {type: Exact, value: /match}}]
                backendRefs: [{name: v1, port: 80}]
              - matches: [{path: {value: /match}}]
                backendRefs: [{name: ratings, port: 8080}]
              - matches: [{path: {value: /match/prefix/one}}]
                backendRefs: [{name: v2, port: 80}]
              - matches: [{path: {value: /match/prefix}}]
                backendRefs: [{name: v1, port: 80}]
            """);
        Assert.Equal(expected, mesh.Route("GET " + path));
    }

    [Theory]
    [InlineData("one", "", "v1:80")]
    [InlineData("two", "", "v2:80")]
    [InlineData("two", "orange", "v1:80")]
    [InlineData("two", "blue", "v2:80")]
    [InlineData("", "blue", "v1:80")]
    [InlineData("", "orange", "404")]
    public void MoreHeadersWin_AndEarlierRulesBreakTies(string version, string color, string expected)
    {
        Compiling mesh = Compiling.Of($$$"""
            HTTPRoute a:
              {{{Parent}}}
              rules:
              - matches: [{headers: [{name: version, value: one}]}]
                backendRefs: [{name: v1, port: 80}]
              - matches: [{headers: [{name: version, value: two}]}]
                backendRefs: [{name: v2, port: 80}]
              - matches: [{headers: [{name: version, value: two}, {name: color, value: orange}]}]
                backendRefs: [{name: v1, port: 80}]
              - matches: [{headers: [{name: color, value: blue}]}, {headers: [{name: color, value: green}]}]
                backendRefs: [{name: v1, port: 80}]
            """);
        (string, string)[] headers = [.. new[] { ("version", version), ("color", color) }.Where(header => header.Item2.Length > 0)];
        Assert.Equal(expected, mesh.Route("GET /", headers));
    }

    [Theory]
    [InlineData("GET /?animal=whale", "v1:80")]
    [InlineData("GET /?animal=dolphin&x=y", "v2:80")]
    [InlineData("GET /?animal=whaledolphin", "404")]
    [InlineData("GET /", "404")]
    [InlineData("GET /path5?animal=hydra", "v1:80")]
    public void QueryParameters(string request, string expected)
    {
        Compiling mesh = Compiling.Of($$$"""
            HTTPRoute a:
              {{{Parent}}}
              rules:
              - matches: [{queryParams: [{name: animal, value: whale}]}]
                backendRefs: [{name: v1, port: 80}]
              - matches: [{queryParams: [{name: animal, value: dolphin}]}, {queryParams: [{name: animal, value: hydra}]}]
                backendRefs: [{name: v2, port: 80}]
              - matches: [{path: {type: PathPrefix, value: /path5}}]
                backendRefs: [{name: v1, port: 80}]
            """);
        Assert.Equal(expected, mesh.Route(request));
    }

    [Fact]
    [Trait("behaviour", "WP-258")]
    public void ConsumerRoute_IsForItsOwnNamespace_AndBeforeTheProducers()
    {
        const string Rules = "parentRefs: [{group: '', kind: Service, name: reviews, namespace: apps}], rules: [{backendRefs: [{name: v2, namespace: apps, port: 80}]}]";
        Compiling mesh = Compiling.Of($$$"""HTTPRoute a: { {{{Parent}}}, rules: [{backendRefs: [{name: v1, port: 80}]}]}""", $$$"""HTTPRoute consumer/b: { {{{Rules}}} }""");
        Assert.Equal("v1:80", mesh.Route("GET /"));
        Assert.Equal("v2:80", mesh.Route(80, "consumer", "GET /"));
    }

    [Fact]
    [Trait("behaviour", "WP-259")]
    public void ParentPort_LeavesOthersAlone()
    {
        Compiling mesh = Compiling.Of("HTTPRoute a: {parentRefs: [{group: '', kind: Service, name: v1, port: 80}], rules: [{backendRefs: [{name: v2, port: 80}]}]}");
        Assert.Equal("v2.apps.svc.cluster.local", mesh.Port(80, "v1").HttpActions[0].Targets[0].Destination.Hostname);
        Assert.Equal("v1.apps.svc.cluster.local", mesh.Port(81, "v1").HttpActions[0].Targets[0].Destination.Hostname);
    }

    [Theory]
    [InlineData("backendRefs: [{name: nowhere, port: 80}]", "500", "BackendNotFound")]
    [InlineData("backendRefs: [{name: v1}]", "500", "port is required")]
    [InlineData("backendRefs: [{name: v1, port: 99}]", "500", "has no port 99")]
    [InlineData("backendRefs: [{kind: NonExistent, group: a.b, name: v1, port: 80}]", "500", "InvalidKind")]
    [InlineData("backendRefs: []", "500", "")]
    [InlineData("backendRefs: [{name: v1, port: 80, weight: 0}]", "500", "")]
    [InlineData("backendRefs: [{name: v1, port: 80}, {name: nowhere, port: 80}]", "v1:80 500", "BackendNotFound")]
    [InlineData("backendRefs: [{name: v1, port: 80}, {name: nowhere, port: 80, weight: 0}]", "v1:80", "BackendNotFound")]
    [InlineData("filters: [{type: ExtensionRef}], backendRefs: [{name: v1, port: 80}]", "500", "InvalidFilter")]
    [InlineData("filters: [{type: URLRewrite, urlRewrite: {hostname: x}}], backendRefs: [{name: v1, port: 80}]", "v1:80", "")]
    [InlineData("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: nowhere, port: 80}}}], backendRefs: [{name: v1, port: 80}]", "v1:80", "BackendNotFound")]
    [InlineData("backendRefs: [{name: v1, port: 80, filters: [{type: URLRewrite, urlRewrite: {hostname: x}}]}]", "500", "InvalidFilter")]
    [InlineData("filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: \"x\\u0001y\"}]}}], backendRefs: [{name: v1, port: 80}]", "500", "InvalidFilter")]
    [Trait("behaviour", "WP-86")]
    [Trait("behaviour", "WP-260")]
    public void WhatCannotBeDone_Answers500_AndIsSaid(string rule, string expected, string message)
    {
        Compiling mesh = Compiling.Of($$$"""HTTPRoute a: { {{{Parent}}}, rules: [{ {{{rule}}} }]}""");
        Assert.Equal(expected, mesh.Route("GET /"));
        Assert.True(message.Length == 0 ? !mesh.Messages.Any() : mesh.Messages.Any(text => text.Contains(message, StringComparison.Ordinal)), string.Join('\n', mesh.Messages));
    }

    [Fact]
    [Trait("behaviour", "WP-261")]
    public void Modifiers_KeepTheFirstOfAName_AndPercentSigns()
    {
        Compiling mesh = Compiling.Of($$$"""HTTPRoute a: { {{{Parent}}}, rules: [{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-A, value: 50%}, {name: x-a, value: no}], remove: [b]}}], backendRefs: [{name: v1, port: 80}]}]}""");
        HeaderEdits edits = mesh.Port().HttpActions[0].Request;
        Assert.Equal(("X-A", "50%%", "b"), (Assert.Single(edits.Set).Name, edits.Set[0].Value, edits.Remove[0]));
    }

    [Theory]
    [InlineData("scheme: https", 443, false)]
    [InlineData("hostname: example.org", 0, true)]
    [InlineData("port: 8083", 8083, false)]
    public void Redirect_TakesTheRightPort(string redirect, uint port, bool ofRequest)
    {
        Compiling mesh = Compiling.Of($$$"""HTTPRoute a: { {{{Parent}}}, rules: [{filters: [{type: RequestRedirect, requestRedirect: { {{{redirect}}} }}]}]}""");
        Redirect result = mesh.Port().HttpActions[0].Redirect;
        Assert.Equal((302u, port, ofRequest), (result.Status, result.Port, result.RequestPort));
    }

    [Theory]
    [InlineData("timeouts: {request: 500ms}", 500, 0)]
    [InlineData("timeouts: {request: 0s}", 0, 0)]
    [InlineData("timeouts: {request: 2s, backendRequest: 500ms}", 500, 0)]
    [InlineData("timeouts: {request: 2s, backendRequest: 500ms}, retry: {attempts: 3, codes: [500]}", 2000, 500)]
    public void Timeouts(string rule, ulong total, ulong perTry)
    {
        HttpAction action = Compiling.Of($$$"""HTTPRoute a: { {{{Parent}}}, rules: [{ {{{rule}}}, backendRefs: [{name: v1, port: 80}]}]}""").Port().HttpActions[0];
        Assert.Equal((total, perTry), (action.TimeoutMs, action.Retry.PerTryTimeoutMs));
    }

    [Theory]
    [InlineData("{method: {service: a.Echo, method: Echo}}", "POST /a.Echo/Echo", "v1:80")]
    [InlineData("{method: {service: a.Echo, method: Echo}}", "POST /a.Echo/Other", "404")]
    [InlineData("{method: {service: a.Echo}}", "POST /a.Echo/Other", "v1:80")]
    [InlineData("{method: {method: Echo}}", "POST /x.Y/Echo", "v1:80")]
    [InlineData("{method: {type: RegularExpression, service: 'a\\..*'}}", "POST /a.B/C", "v1:80")]
    [InlineData("{headers: [{name: a, value: b}]}", "POST /a.B/C", "404")]
    [Trait("behaviour", "WP-257")]
    public void GrpcMethods(string match, string request, string expected)
    {
        Compiling mesh = Compiling.Of($$$"""GRPCRoute a: { {{{Parent}}}, rules: [{matches: [{{{match}}}], backendRefs: [{name: v1, port: 80}, {name: nowhere, port: 80, weight: 0}]}]}""");
        Assert.Equal(expected, mesh.Route(request));
    }

    [Fact]
    [Trait("behaviour", "WP-94")]
    public void ConnectionRoutes_WeighConnections()
    {
        Compiling mesh = Compiling.Of(
            "TCPRoute a: {parentRefs: [{group: '', kind: Service, name: reviews, port: 9000}], rules: [{backendRefs: [{name: v1, port: 80, weight: 3}, {name: v2, port: 80}]}]}",
            "TLSRoute b: {parentRefs: [{group: '', kind: Service, name: reviews, port: 443}], hostnames: [reviews.apps.svc.cluster.local], rules: [{backendRefs: [{name: v2, port: 80}]}]}");
        Assert.Equal([3u, 1u], mesh.Port(9000).Tcp.Single().Targets.Select(target => target.Weight));
        Assert.Empty(mesh.Port(443).Tcp.Single().ServerNames);
    }
}
