using Ambient.Mesh.Identities;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>The Gateway API's conformance routes from what users write to what happens to a request (waypoint reference 5.2 and 5.4).</summary>
public sealed class GatewayConformanceTests
{
    private const string Parent = "parentRefs: [{group: '', kind: Service, name: reviews}]";
    private const string ToV1 = "backendRefs: [{name: v1, port: 80}]";

    [Theory]
    [InlineData("hostname: example.org", 302, "http://example.org/x")]
    [InlineData("hostname: example.org, statusCode: 301", 301, "http://example.org/x")]
    [InlineData("port: 8083", 302, "http://reviews:8083/x")]
    [InlineData("port: 8083, hostname: example.org", 302, "http://example.org:8083/x")]
    [InlineData("port: 8083, statusCode: 301", 301, "http://reviews:8083/x")]
    [InlineData("port: 8083, hostname: example.org, statusCode: 301", 301, "http://example.org:8083/x")]
    [InlineData("scheme: https", 302, "https://reviews/x")]
    [InlineData("scheme: https, hostname: example.org", 302, "https://example.org/x")]
    [InlineData("scheme: https, statusCode: 301", 301, "https://reviews/x")]
    [InlineData("scheme: https, hostname: example.org, statusCode: 301", 301, "https://example.org/x")]
    [InlineData("scheme: https, port: 8443", 302, "https://reviews:8443/x")]
    [InlineData("statusCode: 303, hostname: example.org", 303, "http://example.org/x")]
    [InlineData("statusCode: 307, hostname: example.org", 307, "http://example.org/x")]
    [InlineData("statusCode: 308, hostname: example.org", 308, "http://example.org/x")]
    public void Redirect_OfHostPortSchemeAndStatus(string redirect, int status, string location)
    {
        (Route route, RequestHead head) = Take($"filters: [{{type: RequestRedirect, requestRedirect: {{ {redirect} }} }}]", "GET /x");
        Assert.Equal((status, location), (route.Action.Redirect!.Status, route.Action.Redirect.Location(head, route.Path, 80)));
    }

    [Theory]
    [InlineData("/original-prefix", "path: {type: ReplacePrefixMatch, replacePrefixMatch: /replacement-prefix}", "/original-prefix/lemon", 302, "http://reviews/replacement-prefix/lemon")]
    [InlineData("/full", "path: {type: ReplaceFullPath, replaceFullPath: /full-path-replacement}", "/full/path/original", 302, "http://reviews/full-path-replacement")]
    [InlineData("/path-and-host", "hostname: example.org, path: {type: ReplacePrefixMatch, replacePrefixMatch: /replacement-prefix}", "/path-and-host", 302, "http://example.org/replacement-prefix")]
    [InlineData("/path-and-status", "statusCode: 301, path: {type: ReplacePrefixMatch, replacePrefixMatch: /replacement-prefix}", "/path-and-status", 301, "http://reviews/replacement-prefix")]
    [InlineData("/full-path-and-host", "hostname: example.org, path: {type: ReplaceFullPath, replaceFullPath: /replacement-full}", "/full-path-and-host", 302, "http://example.org/replacement-full")]
    [InlineData("/full-path-and-status", "statusCode: 301, path: {type: ReplaceFullPath, replaceFullPath: /replacement-full}", "/full-path-and-status", 301, "http://reviews/replacement-full")]
    public void Redirect_OfPath(string prefix, string redirect, string path, int status, string location)
    {
        (Route route, RequestHead head) = Take($"matches: [{{path: {{type: PathPrefix, value: {prefix}}} }}], filters: [{{type: RequestRedirect, requestRedirect: {{ {redirect} }} }}]", "GET " + path);
        Assert.Equal((status, location), (route.Action.Redirect!.Status, route.Action.Redirect.Location(head, route.Path, 80)));
    }

    [Theory]
    [InlineData("/prefix/one", "path: {type: ReplacePrefixMatch, replacePrefixMatch: /one}", "/prefix/one/two", "/one/two", "")]
    [InlineData("/strip-prefix", "path: {type: ReplacePrefixMatch, replacePrefixMatch: /}", "/strip-prefix/three", "/three", "")]
    [InlineData("/strip-prefix", "path: {type: ReplacePrefixMatch, replacePrefixMatch: /}", "/strip-prefix", "/", "")]
    [InlineData("/full/one", "path: {type: ReplaceFullPath, replaceFullPath: /one}", "/full/one/two", "/one", "")]
    [InlineData("/one", "hostname: one.example.org", "/one", "/one", "one.example.org")]
    public void Rewrite_OfPathAndHost(string prefix, string rewrite, string path, string target, string host)
    {
        (Route route, RequestHead head) = Take($"matches: [{{path: {{type: PathPrefix, value: {prefix}}} }}], filters: [{{type: URLRewrite, urlRewrite: {{ {rewrite} }} }}], {ToV1}", "GET " + path);
        Assert.Equal(rewrite.Contains("path:", StringComparison.Ordinal), route.Action.Rewrite!.Apply(head, route.Path));
        Assert.Equal((target, host), (head.Target, route.Action.Rewrite.Authority));
    }

    [Theory]
    [InlineData("set: [{name: X-Header-Set, value: new}]", "", "new")]
    [InlineData("set: [{name: X-Header-Set, value: new}]", "old", "new")]
    [InlineData("add: [{name: X-Header-Set, value: new}]", "", "new")]
    [InlineData("add: [{name: X-Header-Set, value: new}]", "old", "old,new")]
    [InlineData("remove: [x-header-SET]", "old", "")]
    [InlineData("set: [{name: x-header-set, value: new}]", "old", "new")]
    public void HeaderModifiers_OfRequestsResponsesAndBackends(string modifier, string before, string after)
    {
        string ofRule = $"filters: [{{type: RequestHeaderModifier, requestHeaderModifier: {{ {modifier} }} }}, {{type: ResponseHeaderModifier, responseHeaderModifier: {{ {modifier} }} }}]";
        RouteAction rule = Take($"{ofRule}, {ToV1}", "GET /").Route.Action;
        Target backend = Take($"backendRefs: [{{name: v1, port: 80, {ofRule} }}]", "GET /").Route.Action.Targets.All.Single();
        foreach (HeaderEditor editor in new[] { rule.Request, rule.Response, backend.Request, backend.Response })
        {
            FieldList fields = new();
            fields.Add("untouched", "yes");
            if (before.Length > 0)
            {
                fields.Add("X-Header-Set", before);
            }

            editor.Apply(fields, new NoCommands());
            Assert.Equal((after, "yes"), (fields.Text("x-header-set") ?? "", fields.Text("untouched")));
        }
    }

    [Fact]
    public void GrpcModifiers_AreThoseOfHttp()
    {
        (Route route, RequestHead head) = Take($"matches: [{{headers: [{{name: x-test-case, value: add}}]}}], filters: [{{type: RequestHeaderModifier, requestHeaderModifier: {{add: [{{name: a, value: two}}]}} }}], {ToV1}", "POST /a.Echo/Echo", "GRPCRoute", ("x-test-case", "add"), ("a", "one"));
        route.Action.Request.Apply(head.Fields, new NoCommands());
        Assert.Equal("one,two", head.Fields.Text("a"));
    }

    [Theory]
    [InlineData("HTTPRoute", "")]
    [InlineData("HTTPRoute", ", {name: ratings, port: 8080, weight: 0}")]
    [InlineData("GRPCRoute", ", {name: nowhere, port: 80, weight: 0}")]
    public void Weights_AreShares_AndWhatHasNoneIsNeverTaken(string kind, string third)
    {
        TargetChoice targets = Take($"backendRefs: [{{name: v1, port: 80, weight: 70}}, {{name: v2, port: 80, weight: 30}}{third}]", "POST /a.Echo/Echo", kind).Route.Action.Targets;
        Target[] picked = [.. Enumerable.Range(0, 100).Select(i => targets.Pick(i / 100.0)!)];
        Assert.Equal((70, 30), (picked.Count(p => p.Service.Hostname.StartsWith("v1.", StringComparison.Ordinal)), picked.Count(p => p.Service.Hostname.StartsWith("v2.", StringComparison.Ordinal))));
        Assert.All(picked, target => Assert.Equal(0, target.FailStatus));
    }

    [Fact]
    public void BackendsWithWeights_HaveTheirOwnModifiers()
    {
        static string Backend(string name) => $$$"""{name: {{{name}}}, port: 80, weight: 10, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Backend, value: {{{name}}} }]} }]}""";
        TargetChoice targets = Take($"backendRefs: [{Backend("v1")}, {Backend("v2")}]", "GET /").Route.Action.Targets;
        string[] told = [.. Enumerable.Range(0, 20).Select(i => targets.Pick(i / 20.0)!).Select(static target =>
        {
            FieldList fields = new();
            target.Request.Apply(fields, new NoCommands());
            Assert.Equal(target.Service.Hostname.Split('.')[0], fields.Text("backend"));
            return fields.Text("backend")!;
        })];
        Assert.Equal((10, 10), (told.Count(static name => name == "v1"), told.Count(static name => name == "v2")));
    }

    [Theory]
    [InlineData("HEAD /", "", "404")]
    [InlineData("POST /", "", "v1:80")]
    [InlineData("GET /", "", "v2:80")]
    [InlineData("GET /path1", "", "v1:80")]
    [InlineData("PUT /", "one", "v2:80")]
    [InlineData("PATCH /path5", "", "v1:80")]
    [InlineData("PATCH /", "four", "v2:80")]
    public void MethodMatching(string request, string version, string expected)
    {
        Compiling mesh = Compiling.Of($$$"""
            HTTPRoute a:
              {{{Parent}}}
              rules:
              - matches: [{method: POST}]
                {{{ToV1}}}
              - matches: [{method: GET}, {method: PUT, headers: [{name: version, value: one}]}, {method: PATCH}]
                backendRefs: [{name: v2, port: 80}]
              - matches: [{path: {value: /path1}, method: GET}, {path: {value: /path5}}, {headers: [{name: version, value: four}]}]
                {{{ToV1}}}
            """);
        Assert.Equal(expected, version.Length == 0 ? mesh.Route(request) : mesh.Route(request, ("version", version)));
    }

    [Fact]
    public void NamedRules_AreKnownByTheirNames()
    {
        Compiling mesh = Compiling.Of($$$"""HTTPRoute a: { {{{Parent}}}, rules: [{name: named-rule, matches: [{path: {value: /named}}], {{{ToV1}}}}, {matches: [{path: {value: /unnamed}}], backendRefs: [{name: v2, port: 80}]}]}""");
        Assert.Equal(("v1:80", "v2:80"), (mesh.Route("GET /named"), mesh.Route("GET /unnamed")));
        Assert.Contains(mesh.Port().Http, route => route.Name == "named-rule");
        Assert.Empty(mesh.Messages);
    }

    [Fact]
    public void NamedRules_OfGrpc_AreKnownByTheirNames()
    {
        Compiling mesh = Compiling.Of($$$"""GRPCRoute a: { {{{Parent}}}, rules: [{name: named-rule, matches: [{method: {service: a.Named}}], {{{ToV1}}}}, {matches: [{method: {service: a.Unnamed}}], backendRefs: [{name: v2, port: 80}]}]}""");
        Assert.Equal(("v1:80", "v2:80"), (mesh.Route("POST /a.Named/Echo"), mesh.Route("POST /a.Unnamed/Echo")));
        Assert.Contains(mesh.Port().Http, route => route.Name == "named-rule");
        Assert.Empty(mesh.Messages);
    }

    [Theory]
    [InlineData("", 1.0)]
    [InlineData(", percent: 20", 0.2)]
    [InlineData(", fraction: {numerator: 35, denominator: 50}", 0.7)]
    public void Mirrors_GetTheirShare(string share, double expected)
    {
        RouteAction action = Take($"filters: [{{type: RequestMirror, requestMirror: {{backendRef: {{name: v2, port: 80}}{share} }} }}, {{type: RequestMirror, requestMirror: {{backendRef: {{name: ratings, port: 8080}} }} }}], {ToV1}", "GET /").Route.Action;
        Assert.Equal(["v2", "ratings"], action.Mirrors.Select(mirror => mirror.Target.Service.Hostname.Split('.')[0]));
        Assert.Equal((true, expected >= 1), (action.Mirrors[0].Copies(expected - 0.01), action.Mirrors[0].Copies(Math.Min(expected + 0.01, 0.999))));
    }

    [Fact]
    public void Retries_HaveCodesAttemptsAndATimePerTry()
    {
        RetryRule retry = Take($"retry: {{attempts: 3, codes: [500]}}, timeouts: {{backendRequest: 200ms}}, {ToV1}", "GET /").Route.Action.Retry!;
        Assert.Equal((3, 200.0), (retry.Attempts, retry.PerTryTimeout.TotalMilliseconds));
        Assert.True(retry.AfterResponse(500, -1) && retry.AfterFailure(UpstreamFailure.ConnectionClosed) && retry.AfterFailure(UpstreamFailure.TryTimeout));
        Assert.False(retry.AfterResponse(503, -1));
    }

    [Theory]
    [InlineData("https://www.foo.com", true)]
    [InlineData("https://www.xpeng.bar.com", true)]
    [InlineData("https://www.evil.com", false)]
    [InlineData("https://www.foo.com.evil.com", false)]
    public void Cors_NamesOriginsThatAreAllowed(string origin, bool allowed)
    {
        (Route route, RequestHead head) = Take($"filters: [{{type: CORS, cors: {{allowOrigins: ['https://www.foo.com', 'https://*.bar.com'], allowMethods: [GET, OPTIONS], allowCredentials: true, maxAge: 3600}} }}], {ToV1}", "OPTIONS /", "HTTPRoute", ("origin", origin), ("access-control-request-method", "GET"));
        FieldList answer = new();
        Assert.True(route.Action.Cors!.AnswersPreflight(head));
        route.Action.Cors.AddPreflightFields(head, answer);
        Assert.Equal(allowed ? (origin, "true") : (null, null), (answer.Text("access-control-allow-origin"), answer.Text("access-control-allow-credentials")));
        Assert.Equal(("GET,OPTIONS", "3600"), (answer.Text("access-control-allow-methods"), answer.Text("access-control-max-age")));
    }

    [Fact]
    public void ParentWithoutPort_IsEveryPort()
    {
        Compiling mesh = Compiling.Of("HTTPRoute a: {parentRefs: [{group: '', kind: Service, name: v1}], rules: [{matches: [{path: {type: Exact, value: /v2}}], backendRefs: [{name: v2, port: 80}]}]}");
        foreach (int port in new[] { 80, 81 })
        {
            Assert.Contains(mesh.Port(port, "v1").HttpActions, action => action.Targets.Any(target => target.Destination?.Hostname == "v2.apps.svc.cluster.local"));
        }
    }

    [Theory]
    [InlineData("GET /", "", "v1:80")]
    [InlineData("GET /", "one", "v1:80")]
    [InlineData("GET /", "two", "v2:80")]
    [InlineData("GET /v2/example", "", "v2:80")]
    [InlineData("GET /v2example", "", "v1:80")]
    [InlineData("GET /tie", "", "v1:80")]
    public void SeveralRoutes_HaveOneOrder_AndTheOlderBreaksTies(string request, string version, string expected)
    {
        Compiling mesh = Compiling.Of(
            $$$"""HTTPRoute z: { {{{Parent}}}, rules: [{matches: [{path: {value: /}}, {headers: [{name: version, value: one}]}, {path: {value: /tie}}], {{{ToV1}}} }]}""",
            $$$"""HTTPRoute a: { {{{Parent}}}, rules: [{matches: [{path: {value: /v2}}, {headers: [{name: version, value: two}]}, {path: {value: /tie}}], backendRefs: [{name: v2, port: 80}]}]}""");
        Assert.Equal(expected, version.Length == 0 ? mesh.Route(request) : mesh.Route(request, ("version", version)));
    }

    [Fact]
    public void RuleWithoutMatch_SendsAllToItsBackend() => Assert.Equal("v1.apps.svc.cluster.local", Take(ToV1, "GET /any?x=y").Route.Action.Targets.Pick(0.5)!.Service.Hostname);

    private static (Route Route, RequestHead Head) Take(string rule, string request, string kind = "HTTPRoute", params (string Name, string Value)[] headers)
    {
        Compiling mesh = Compiling.Of($$$"""{{{kind}}} a: { {{{Parent}}}, rules: [{ {{{rule}}} }]}""");
        Assert.True(PortTable.TryCompile(mesh.Port(), out PortTable? table, out string? error), error);
        RequestHead head = new() { Method = request.Split(' ')[0], Authority = "reviews" };
        head.SetTarget(request.Split(' ')[1]);
        foreach ((string name, string value) in headers)
        {
            head.Fields.Add(name, value);
        }

        Route? route = table.Find(new RequestFacts { Head = head, Client = new SpiffeId("cluster.local", "apps", "x") });
        Assert.NotNull(route);
        return (route, head);
    }

    private sealed class NoCommands : ICommandSource
    {
        public string? Resolve(string command, string argument) => null;
    }
}
