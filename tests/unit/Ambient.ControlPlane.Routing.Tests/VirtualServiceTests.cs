using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

public sealed class VirtualServiceTests
{
    [Fact]
    public void NoRule_LeadsToTheServiceItself_WithTheDefaultRetries()
    {
        Compiling mesh = Compiling.Of();
        Assert.Equal("reviews:80", mesh.Route("GET /"));
        Assert.Equal("default", mesh.Port().Http[0].Name);
        Assert.Equal((2u, "connect-failure,refused-stream,unavailable,cancelled"), (mesh.Port().HttpActions[0].Retry.Attempts, string.Join(',', mesh.Port().HttpActions[0].Retry.Conditions)));
    }

    [Fact]
    [Trait("behaviour", "WP-75")]
    [Trait("behaviour", "WP-76")]
    public void Header_ChoosesASubset()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              http:
              - match: [{headers: {user: {exact: istio-custom-user}}}]
                route: [{destination: {host: reviews, subset: v2}}]
              - route: [{destination: {host: reviews, subset: v1}}]
            """);
        Assert.Equal("reviews:80/v2", mesh.Route("GET /", ("user", "istio-custom-user")));
        Assert.Equal("reviews:80/v1", mesh.Route("GET /"));
        Assert.Empty(mesh.Messages);
    }

    [Fact]
    public void RulesThatDoNotMatch_Mean404()
    {
        Compiling mesh = Compiling.Of("VirtualService a: {hosts: [reviews], http: [{match: [{uri: {exact: /x}}], route: [{destination: {host: reviews}}]}]}");
        Assert.Equal("404", mesh.Route("GET /y"));
    }

    [Theory]
    [InlineData("{uri: {prefix: /foo}}", "GET /foobar", "v1:80")]
    [InlineData("{uri: {prefix: /Foo}, ignoreUriCase: true}", "GET /foobar", "v1:80")]
    [InlineData("{uri: {regex: '/a(b|c)'}}", "GET /ac", "v1:80")]
    [InlineData("{method: {exact: POST}}", "GET /", "404")]
    [InlineData("{authority: {prefix: rev}}", "GET /", "v1:80")]
    [InlineData("{queryParams: {a: {exact: b}}}", "GET /?a=b", "v1:80")]
    [InlineData("{queryParams: {a: {}}}", "GET /?a", "v1:80")]
    [InlineData("{queryParams: {a: {regex: '*'}}}", "GET /?a=x", "v1:80")]
    [InlineData("{headers: {h: {}}}", "GET /", "404")]
    [InlineData("{withoutHeaders: {h: {}}}", "GET /", "v1:80")]
    [InlineData("{withoutHeaders: {h: {regex: .*}}}", "GET /", "404")]
    [InlineData("{port: 81}", "GET /", "404")]
    [InlineData("{port: 80}", "GET /", "v1:80")]
    [InlineData("{gateways: [other]}", "GET /", "404")]
    [InlineData("{gateways: [mesh]}", "GET /", "v1:80")]
    [InlineData("{sourceLabels: {app: x}}", "GET /", "404")]
    [InlineData("{sourceNamespace: apps}", "GET /", "v1:80")]
    [InlineData("{sourceNamespace: other}", "GET /", "404")]
    [InlineData("{uri: {exact: /x}, statPrefix: s, name: n}", "GET /x", "v1:80")]
    [Trait("behaviour", "WP-71")]
    [Trait("behaviour", "WP-79")]
    [Trait("behaviour", "WP-80")]
    [Trait("behaviour", "WP-90")]
    public void Match_IsUnderstood(string match, string request, string expected)
    {
        // A second rule that never matches keeps the default route away.
        Compiling mesh = Compiling.Of($$$"""VirtualService a: {hosts: [reviews], http: [{match: [{{{match}}}], route: [{destination: {host: v1, port: {number: 80} } }]}, {match: [{uri: {exact: /never}}], route: [{destination: {host: v2}}]}]}""");
        Assert.Equal(expected, mesh.Route(request));
    }

    [Fact]
    [Trait("behaviour", "WP-62")]
    [Trait("behaviour", "WP-63")]
    [Trait("behaviour", "WP-64")]
    public void CatchAll_EndsItsList_OnItsPort()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              http:
              - match: [{port: 9999, uri: {prefix: /}}]
                route: [{destination: {host: v2}}]
              - match: [{uri: {prefix: /a}}, {uri: {prefix: /}}, {uri: {prefix: /b}}]
                route: [{destination: {host: v1, port: {number: 80}}}]
              - route: [{destination: {host: v2}}]
            """);
        Assert.Equal(2, mesh.Port().Http.Count);
        Assert.Equal("v1:80", mesh.Route("GET /b"));
    }

    [Fact]
    [Trait("behaviour", "WP-77")]
    [Trait("behaviour", "WP-78")]
    [Trait("behaviour", "WP-81")]
    [Trait("behaviour", "CP-273")]
    public void SeveralVirtualServices_AreJoined_OldestFirst_AndForeignOnesAreNot()
    {
        string Rule(string name, string path, string extra = "") => $$$"""VirtualService {{{name}}}: {hosts: [reviews.apps.svc.cluster.local], {{{extra}}} http: [{match: [{uri: {prefix: {{{path}}}}}], route: [{destination: {host: v1.apps.svc.cluster.local, port: {number: 80} } }]}]}""";
        Compiling mesh = Compiling.Of(Rule("z", "/a"), Rule("a", "/a/b"), Rule("third/x", "/c"), Rule("b", "/d", "exportTo: [elsewhere],"));
        Assert.Equal(["/a", "/a/b"], mesh.Port().Http.Select(route => route.Match.Path.Prefix));
    }

    [Fact]
    public void CatchAllThatHidesOthers_IsSaid()
    {
        Compiling mesh = Compiling.Of(
            "VirtualService a: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}",
            "VirtualService b: {hosts: ['*.apps.svc.cluster.local'], http: [{match: [{uri: {exact: /x}}], route: [{destination: {host: v2}}]}]}");
        Assert.Contains(mesh.Messages, message => message.StartsWith("VirtualService b NoEffect: the routes for reviews.apps.svc.cluster.local:80 are never reached", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("behaviour", "WP-82")]
    [Trait("behaviour", "WP-83")]
    [Trait("behaviour", "WP-84")]
    [Trait("behaviour", "WP-85")]
    public void Destination_IsFound_WithItsPort()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              http:
              - match: [{uri: {exact: /one}}]
                route: [{destination: {host: ratings}}]
              - match: [{uri: {exact: /several}}]
                route: [{destination: {host: v1}}]
              - match: [{uri: {exact: /unknown}}]
                route: [{destination: {host: nowhere}}]
            """);
        Assert.Equal(("ratings:8080", "v1:80", "nowhere:80"), (mesh.Route("GET /one"), mesh.Route("GET /several"), mesh.Route("GET /unknown")));
        Assert.Equal("", mesh.Port().HttpActions[2].Targets[0].Destination.Namespace);
        Assert.Contains(mesh.Messages, message => message.Contains("there is no service nowhere.apps.svc.cluster.local", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("behaviour", "WP-91")]
    [Trait("behaviour", "WP-72")]
    [Trait("behaviour", "WP-73")]
    public void Rule_HasNameTimeoutAndRetries()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              http:
              - name: rule
                match: [{name: match, uri: {exact: /x}}]
                timeout: 10s
                retries: {attempts: 3, perTryTimeout: 2s, retryOn: "gateway-error,connect-failure, refused-stream,reset-before-request,503"}
                route: [{destination: {host: reviews}}]
              - retries: {attempts: 0}
                timeout: 0s
                route: [{destination: {host: reviews}}]
            """);
        Assert.Equal("rule.match", mesh.Port().Http[0].Name);
        HttpAction action = mesh.Port().HttpActions[0];
        Assert.Equal((10_000ul, 3u, 2000ul), (action.TimeoutMs, action.Retry.Attempts, action.Retry.PerTryTimeoutMs));
        Assert.Equal(["gateway-error", "connect-failure", "refused-stream", "reset-before-request"], action.Retry.Conditions);
        Assert.Equal([503u], action.Retry.Codes);
        Assert.Equal((0ul, 0u), (mesh.Port().HttpActions[1].TimeoutMs, mesh.Port().HttpActions[1].Retry.Attempts));
        Assert.Empty(mesh.Messages);
    }

    [Fact]
    [Trait("behaviour", "WP-45")]
    [Trait("behaviour", "WP-46")]
    [Trait("behaviour", "WP-87")]
    [Trait("behaviour", "WP-88")]
    public void RedirectsAndDirectResponses()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              http:
              - match: [{uri: {exact: /r}}]
                redirect: {derivePort: FROM_REQUEST_PORT}
                headers: {response: {set: {Strict-Transport-Security: max-age=1}}}
              - match: [{uri: {exact: /r308}}]
                redirect: {uri: /new, redirectCode: 308}
              - match: [{uri: {exact: /bad}}]
                redirect: {redirectCode: 317}
              - match: [{uri: {exact: /d}}]
                directResponse: {status: 200, body: {string: hello}}
            """);
        Assert.Equal(("redirect", "redirect", "500", "direct 200"), (mesh.Route("GET /r"), mesh.Route("GET /r308"), mesh.Route("GET /bad"), mesh.Route("GET /d")));
        Assert.Equal((301u, true, 308u), (mesh.Port().HttpActions[0].Redirect.Status, mesh.Port().HttpActions[0].Redirect.RequestPort, mesh.Port().HttpActions[1].Redirect.Status));
        Assert.Equal("hello", mesh.Port().HttpActions[3].Response.Body.ToStringUtf8());
        Assert.Contains(mesh.Messages, message => message.Contains("redirectCode 317 is none of", StringComparison.Ordinal));
    }

    [Fact]
    public void Rewrite_FollowsTheMatch()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              http:
              - match: [{uri: {exact: /x}}, {uri: {prefix: /y}}, {uri: {regex: /z}}]
                rewrite: {uri: /new, authority: other}
                route: [{destination: {host: reviews}}]
            """);
        Assert.Equal(
            [Rewrite.PathOneofCase.FullPath, Rewrite.PathOneofCase.Prefix, Rewrite.PathOneofCase.None],
            mesh.Port().Http.Select(route => mesh.Port().HttpActions[(int)route.Action].Rewrite.PathCase));
        Assert.Contains(mesh.Messages, message => message.Contains("use uriRegexRewrite", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("behaviour", "WP-57")]
    [Trait("behaviour", "WP-58")]
    [Trait("behaviour", "WP-60")]
    [Trait("behaviour", "WP-95")]
    public void FaultsMirrorsAndCors()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              http:
              - match: [{headers: {end-user: {exact: jason}}}]
                fault: {delay: {fixedDelay: 7s, percentage: {value: 100}}, abort: {grpcStatus: UNAVAILABLE, percentage: {value: 0.5}}}
                route: [{destination: {host: reviews}}]
              - fault: {abort: {httpStatus: 418}}
                mirror: {host: v2}
                mirrors: [{destination: {host: v1, port: {number: 80}}, percentage: {value: 20}}]
                corsPolicy: {allowOrigins: [{exact: cors.com}], allowMethods: [GET, POST], maxAge: 24h, allowHeaders: [X-Foo-Bar, X-Foo-Baz], unmatchedPreflights: IGNORE}
                route: [{destination: {host: reviews}}]
            """);
        Fault first = mesh.Port().HttpActions[0].Fault;
        Assert.Equal((7000ul, 1_000_000u, true, 14u, 5000u), (first.DelayMs, first.DelayShare, first.AbortIsGrpc, first.AbortStatus, first.AbortShare));
        HttpAction second = mesh.Port().HttpActions[1];
        Assert.Equal(0u, second.Fault.AbortShare);
        Assert.Equal([1_000_000u, 200_000u], second.Mirrors.Select(mirror => mirror.Share));
        Assert.Equal(("GET,POST", "X-Foo-Bar,X-Foo-Baz", "86400", false), (second.Cors.Methods, second.Cors.Headers, second.Cors.MaxAge, second.Cors.ForwardUnmatched));
        Assert.Empty(mesh.Messages);
    }

    [Fact]
    [Trait("behaviour", "WP-195")]
    [Trait("behaviour", "WP-198")]
    [Trait("behaviour", "WP-202")]
    [Trait("behaviour", "WP-203")]
    public void Claims_AreConditions()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              http:
              - match:
                - headers: {"@request.auth.claims.nested.key1": {exact: valueA}, "@REQUEST.auth.claims[test-issuer-1@istio.io/simple][key1]": {prefix: v}}
                  withoutHeaders: {"@request.auth.claims[a]": {exact: b}}
                route: [{destination: {host: reviews}}]
            """);
        HttpMatch match = mesh.Port().Http[0].Match;
        Assert.Equal(["nested key1", "test-issuer-1@istio.io/simple key1", "a"], match.Claims.Select(claim => string.Join(' ', claim.Path)));
        Assert.True(match.Claims[2].Invert);
        Assert.Equal("404", mesh.Route("GET /", ("@request.auth.claims.nested.key1", "valueA")));
    }

    [Fact]
    [Trait("behaviour", "WP-92")]
    [Trait("behaviour", "WP-93")]
    public void ConnectionsHaveRulesOfTheirOwn()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              tcp:
              - match: [{port: 9000}]
                route: [{destination: {host: v1, port: {number: 80}}, weight: 3}, {destination: {host: v2}, weight: 1}]
              tls:
              - match: [{port: 443, sniHosts: [reviews.apps.svc.cluster.local]}]
                route: [{destination: {host: v2}}]
              - match: [{port: 443, sniHosts: [other.example]}]
                route: [{destination: {host: v1}}]
            """);
        Assert.Equal([3u, 1u], Assert.Single(mesh.Port(9000).Tcp).Targets.Select(target => target.Weight));
        Assert.Equal([0, 1], mesh.Port(443).Tcp.Select(rule => rule.ServerNames.Count));
        Assert.Equal("reviews:80", mesh.Route("GET /"));
        Assert.Equal("reviews.apps.svc.cluster.local", Compiling.Of("VirtualService a: {hosts: [reviews], http: [{route: [{destination: {host: v1}}]}]}").Port(9000).Tcp.Single().Targets[0].Destination.Hostname);
    }

    [Fact]
    public void WhatIsNotKnown_IsNamed_WithItsPlace()
    {
        Compiling mesh = Compiling.Of("""
            VirtualService a:
              hosts: [reviews]
              nonsense: 1
              http:
              - match: [{uri: {exact: /x, bad: y}}]
                timeout: soon
                websocketUpgrade: true
            """);
        Assert.Contains("VirtualService a UnsupportedValue: spec.nonsense is not known and has no effect", mesh.Messages);
        Assert.Contains("VirtualService a UnsupportedValue: spec.http[0].match[0].uri.bad is not known and has no effect", mesh.Messages);
        Assert.Contains("VirtualService a Invalid: spec.http[0].timeout 'soon' is no duration such as 500ms, 3s or 1h30m", mesh.Messages);
        Assert.Contains("VirtualService a Invalid: spec.http[0] has nowhere to go; the rule answers 500", mesh.Messages);
        Assert.Equal("500", mesh.Route("GET /x"));
    }

    [Fact]
    public void BadExpression_TakesItsRouteAway_AndIsSaid()
    {
        Compiling mesh = Compiling.Of("VirtualService a: {hosts: [reviews], http: [{match: [{uri: {regex: '(?=x)'}}], route: [{destination: {host: v1}}]}, {route: [{destination: {host: v2}}]}]}");
        Assert.Equal("v2:80", mesh.Route("GET /x"));
        Assert.StartsWith("VirtualService a Invalid: spec.http[0].match[0]: ", Assert.Single(mesh.Messages), StringComparison.Ordinal);
        Assert.EndsWith("look-around is not supported; nothing matches it", mesh.Messages.Single(), StringComparison.Ordinal);
    }
}
