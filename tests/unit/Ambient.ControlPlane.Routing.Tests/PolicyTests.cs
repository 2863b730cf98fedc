using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

public sealed class PolicyTests
{
    [Theory]
    [InlineData("apps", "", "Service", "reviews", "apps/reviews.apps.svc.cluster.local")]
    [InlineData("apps", "core", "Service", "reviews", "apps/reviews.apps.svc.cluster.local")]
    [InlineData("other", "", "Service", "reviews", "")]
    [InlineData("apps", "gateway.networking.k8s.io", "Gateway", "waypoint", "all")]
    [InlineData("apps", "gateway.networking.k8s.io", "Gateway", "another", "")]
    [InlineData("other", "gateway.networking.k8s.io", "Gateway", "waypoint", "")]
    [InlineData("istio-system", "gateway.networking.k8s.io", "GatewayClass", "istio-waypoint", "all")]
    [InlineData("apps", "gateway.networking.k8s.io", "GatewayClass", "istio-waypoint", "")]
    [InlineData("apps", "networking.istio.io", "ServiceEntry", "reviews", "")]
    [Trait("behaviour", "WP-136")]
    [Trait("behaviour", "WP-138")]
    [Trait("behaviour", "WP-139")]
    public void Target_SaysWhatAPolicyIsFor(string @namespace, string group, string kind, string name, string expected)
    {
        AuthorizationPolicy policy = new()
        {
            Metadata = new ObjectMeta { Namespace = @namespace, Name = "p" },
            Spec = new AuthorizationPolicySpec { TargetRefs = [new TargetReference { Group = group, Kind = kind, Name = name }] },
        };
        AccessPolicy? compiled = Compiling.Of([policy]).Result.Policies.SingleOrDefault();
        Assert.Equal(expected, compiled is null ? "" : compiled.Attachments[0].All ? "all" : compiled.Attachments[0].Service);
    }

    [Fact]
    [Trait("behaviour", "WP-133")]
    public void PolicyWithoutTarget_IsZtunnelsBusiness() =>
        Assert.Empty(Compiling.Of([new AuthorizationPolicy { Metadata = new ObjectMeta { Namespace = "apps", Name = "p" } }]).Result.Policies);

    [Fact]
    public void RulesAreKept_AndWhatCannotBeJudged_IsSaid()
    {
        AuthorizationPolicy policy = new()
        {
            Metadata = new ObjectMeta { Namespace = "apps", Name = "p" },
            Spec = new AuthorizationPolicySpec
            {
                Action = "DENY",
                TargetRefs = [new TargetReference { Kind = "Service", Name = "reviews" }],
                Rules =
                [
                    new AuthorizationRule
                    {
                        From = [new RuleFrom { Source = new RuleSource { Principals = ["cluster.local/ns/a/sa/b"] } }],
                        To = [new RuleTo { Operation = new RuleOperation { Paths = ["/admin*"], Methods = ["GET"] } }],
                        When = [new RuleCondition { Key = "request.headers[x]", Values = ["y"] }, new RuleCondition { Key = "destination.user", Values = ["y"] }],
                    },
                ],
            },
        };
        Compiling mesh = Compiling.Of([policy]);
        AccessRule rule = mesh.Result.Policies[0].Rules[0];
        Assert.Equal(("cluster.local/ns/a/sa/b", "/admin*", "GET", "request.headers[x]"), (rule.From[0].Principals[0], rule.To[0].Paths[0], rule.To[0].Methods[0], rule.When[0].Key));
        Assert.Contains(mesh.Messages, message => message.Contains("unknown attribute destination.user; the rest of the rule is in force", StringComparison.Ordinal));
        Assert.Contains(mesh.Messages, message => message.Contains("on ports that are not HTTP: apps/p: request.path needs HTTP", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("behaviour", "WP-185")]
    [Trait("behaviour", "WP-180")]
    public void TokenRules_HaveTheirKeys_OrRefuse()
    {
        Compiling mesh = Compiling.Of(
            """
            RequestAuthentication a:
              targetRefs: [{kind: Service, name: reviews, group: ''}]
              jwtRules:
              - {issuer: one, jwksUri: "https://good/keys", audiences: [foo], fromHeaders: [{name: x, prefix: "P "}], outputClaimToHeaders: [{header: h, claim: c}], forwardOriginalToken: true}
              - {issuer: two, jwksUri: "https://bad/keys"}
              - {issuer: three, jwks: '{"keys":[]}', nonsense: 1}
            """,
            "RequestAuthentication b: {selector: {matchLabels: {a: b}}, jwtRules: [{issuer: four}]}");
        TokenPolicy policy = Assert.Single(mesh.Result.Tokens);
        Assert.Equal(["one", "two", "three"], policy.Rules.Select(rule => rule.Issuer));
        Assert.Equal([true, false, true], policy.Rules.Select(rule => rule.Keys.Length > 0));
        Assert.Contains(mesh.Messages, message => message.Contains("the keys of two could not be had from https://bad/keys (nobody has fetched them); every token of it is refused", StringComparison.Ordinal));
        Assert.Contains(mesh.Messages, message => message.Contains("jwtRules[2].nonsense", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{issuer: i, jwks: 'not json'}", "Invalid: spec.jwtRules[0].jwks cannot be used: the key set cannot be read")]
    [InlineData("{issuer: i, jwks: '{\"keys\":[]}'}", "Invalid: spec.jwtRules[0].jwks cannot be used: the key set has no key that can be used; every token of the issuer is refused")]
    [InlineData("{issuer: i, jwks: '{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}'}", "Invalid: spec.jwtRules[0].jwks cannot be used: the key set has no key that can be used; every token of the issuer is refused")]
    [InlineData("{issuer: i, jwks: '{\"keys\":[{\"kty\":\"OKP\"},{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}'}", "UnsupportedValue: spec.jwtRules[0]: keys of the kind OKP are not supported; RSA, EC and oct are. Tokens that are signed with them are refused")]
    [InlineData("{jwks: '{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}'}", "Invalid: spec.jwtRules[0].issuer is required; every token is refused")]
    public void TokenRulesThatRefuseEverybody_SayIt(string rule, string expected)
    {
        Compiling mesh = Compiling.Of($"RequestAuthentication a: {{targetRefs: [{{kind: Service, name: reviews, group: ''}}], jwtRules: [{rule}]}}");
        Assert.Single(mesh.Result.Tokens);
        Assert.Contains(mesh.Messages, said => said.StartsWith("RequestAuthentication a " + expected, StringComparison.Ordinal));
        Assert.Empty(Compiling.Of("""RequestAuthentication a: {targetRefs: [{kind: Service, name: reviews, group: ''}], jwtRules: [{issuer: i, jwks: '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'}]}""").Messages);
    }

    [Fact]
    [Trait("behaviour", "WP-164")]
    public void Authorizers_AreThoseThatPoliciesName_AndWhatIsWrongIsSaid()
    {
        Compiling mesh = Compiling.Of(
            [Custom("a", "http", "reviews"), Custom("b", "grpc", "ratings"), Custom("c", "nobody", "v1"), Custom("d", "lost", "v1")],
            [
                """{"name": "http", "envoyExtAuthzHttp": {"service": "apps/ratings.apps.svc.cluster.local", "port": 8080, "timeout": "1.5s", "pathPrefix": "/check", "statusOnError": "503", "includeRequestHeadersInCheck": ["X-A", "x-p*", "*-s"], "includeAdditionalHeadersInCheck": {"X-Fixed": "v"}, "headersToUpstreamOnAllow": ["x-u"], "headersToDownstreamOnDeny": ["x-d"], "headersToDownstreamOnAllow": ["x-e"], "includeRequestBodyInCheck": {"maxRequestBytes": 9000000, "allowPartialMessage": true} } }""",
                """{"name": "grpc", "envoyExtAuthzGrpc": {"service": "v1.apps.svc.cluster.local", "port": 80, "failOpen": true} }""",
                """{"name": "lost", "envoyExtAuthzGrpc": {"service": "gone.apps.svc.cluster.local", "port": 80} }""",
                """{"name": "unused", "envoyExtAuthzGrpc": {"service": "gone.apps.svc.cluster.local", "port": 80} }""",
                """{"name": "jaeger", "opentelemetry": {"service": "x", "port": 4317} }""",
            ],
            []);
        Assert.Equal(["http", "grpc", "lost"], mesh.Result.Authorizers.Select(authorizer => authorizer.Name));
        Authorizer http = mesh.Result.Authorizers[0];
        Assert.Equal(("apps", "ratings.apps.svc.cluster.local", 8080u, 1500ul, "/check", 503u, false), (http.Service.Namespace, http.Service.Hostname, http.Service.Port, http.TimeoutMs, http.PathPrefix, http.StatusOnError, http.FailOpen));
        Assert.Equal(["x-a", "x-p", "-s"], http.RequestFields.Select(name => name.Exact + name.Prefix + name.Suffix));
        Assert.Equal(1024u * 1024, http.Body.MaxBytes);
        Assert.True(mesh.Result.Authorizers[1] is { IsGrpc: true, FailOpen: true });
        Assert.Null(mesh.Result.Authorizers[2].Service);
        Assert.Contains(mesh.Messages, message => message.Contains("extensionProviders[2].envoyExtAuthzGrpc.service: there is no service gone", StringComparison.Ordinal));
        Assert.Contains(mesh.Messages, message => message.StartsWith("AuthorizationPolicy c Invalid: spec.provider.name: the mesh has no extension provider 'nobody'", StringComparison.Ordinal));
        Assert.Contains(mesh.Messages, message => message.StartsWith("AuthorizationPolicy d Invalid: spec.provider.name: apps/c asks another provider", StringComparison.Ordinal));
        Assert.DoesNotContain(mesh.Messages, message => message.StartsWith("AuthorizationPolicy a", StringComparison.Ordinal));
    }

    private static AuthorizationPolicy Custom(string name, string provider, string service) => new()
    {
        Metadata = new ObjectMeta { Namespace = "apps", Name = name },
        Spec = new AuthorizationPolicySpec { Action = "CUSTOM", Provider = new ExtensionProvider { Name = provider }, TargetRefs = [new TargetReference { Kind = "Service", Name = service }], Rules = [new AuthorizationRule()] },
    };
}
