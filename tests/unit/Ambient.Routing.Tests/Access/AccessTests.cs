using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Messages;
using Ambient.Routing.Tokens;
using System.Text.Json;

namespace Ambient.Routing.Tests.Access;

public sealed class AccessTests
{
    private static readonly string[] Domains = ["cluster.local", "old.example"];

    [Theory]
    [InlineData("GET /deny", "", false)]
    [InlineData("GET /allowed", "", true)]
    [InlineData("GET /denied-identity", "", false)]
    [InlineData("GET /allowed-identity", "", true)]
    [InlineData("POST /explicit-deny", "", false)]
    [InlineData("POST /other", "", true)]
    [InlineData("GET /allowed-wildcardtest", "", true)]
    [InlineData("GET /headers", "match", true)]
    [InlineData("GET /headers", "do-not-match", false)]
    [InlineData("GET /headers", "", false)]
    [Trait("behaviour", "WP-126")]
    [Trait("behaviour", "WP-127")]
    [Trait("behaviour", "WP-128")]
    [Trait("behaviour", "WP-129")]
    [Trait("behaviour", "WP-130")]
    [Trait("behaviour", "WP-131")]
    [Trait("behaviour", "WP-132")]
    public void GuidePolicy_Decides(string request, string header, bool expected)
    {
        AccessPolicy allow = Policy(
            AccessAction.Allow,
            new AccessRule { To = { new AccessOperation { Methods = { "GET" }, Paths = { "/allowed" } } } },
            new AccessRule { From = { new AccessSource { Principals = { "cluster.local/ns/apps/sa/client" } } }, To = { new AccessOperation { Methods = { "GET" }, Paths = { "/allowed-identity" } } } },
            new AccessRule { From = { new AccessSource { Principals = { "cluster.local/ns/apps/sa/someone-else" } } }, To = { new AccessOperation { Methods = { "GET" }, Paths = { "/denied-identity" } } } },
            new AccessRule { To = { new AccessOperation { Methods = { "GET" }, Paths = { "/allowed-wildcard*" } } } },
            new AccessRule { To = { new AccessOperation { Methods = { "GET" }, Paths = { "/headers" } } }, When = { new AccessCondition { Key = "request.headers[x-test-header]", Values = { "match" }, NotValues = { "do-not-match" } } } },
            new AccessRule { To = { new AccessOperation { Methods = { "POST" } } } });
        AccessPolicy deny = Policy(AccessAction.Deny, new AccessRule { To = { new AccessOperation { Paths = { "/explicit-deny" } } } });
        RequestFacts facts = header.Length == 0 ? Requests.Of(request) : Requests.Of(request, ("X-Test-Header", header));
        Assert.Equal(expected, Http(allow, deny).Evaluate(facts).IsAllowed);
    }

    [Theory]
    [InlineData("request.headers[x-foo]", "foo", true)]
    [InlineData("request.headers[X-Foo]", "foo", true)]
    [InlineData("request.headers[x-foo]", "*", true)]
    [InlineData("request.headers[x-foo]", "bar", false)]
    [InlineData("request.headers[x-foo]", "fo*", true)]
    [InlineData("request.headers[x-foo]", "*oo", true)]
    [InlineData("request.headers[x-foo]", "f*o", false)]
    [InlineData("request.headers[x-none]", "*", false)]
    [InlineData("source.ip", "10.1.0.5", true)]
    [InlineData("source.ip", "10.1.0.0/24", true)]
    [InlineData("source.ip", "10.2.0.0/16", false)]
    [InlineData("remote.ip", "10.1.0.5", true)]
    [InlineData("destination.ip", "10.96.0.10", true)]
    [InlineData("destination.ip", "10.96.0.11", false)]
    [InlineData("destination.port", "80", true)]
    [InlineData("destination.port", "81", false)]
    [InlineData("source.namespace", "apps", true)]
    [InlineData("source.namespace", "a*s", true)]
    [InlineData("source.namespace", "other", false)]
    [InlineData("source.principal", "cluster.local/ns/apps/sa/client", true)]
    [InlineData("source.principal", "old.example/ns/apps/sa/client", true)]
    [InlineData("source.principal", "foreign/ns/apps/sa/client", false)]
    [InlineData("source.principal", "*/ns/apps/sa/client", true)]
    [InlineData("source.principal", "cluster.local/ns/apps/*", true)]
    [InlineData("source.principal", "old.example/ns/apps/*", true)]
    [InlineData("source.principal", "*", true)]
    [InlineData("source.serviceAccount", "apps/client", true)]
    [InlineData("source.serviceAccount", "client", false)]
    [InlineData("source.trustDomain", "cluster.local", true)]
    [InlineData("source.trustDomain", "*.local", true)]
    [InlineData("source.trustDomain", "foreign", false)]
    [InlineData("connection.sni", "www.example.com", false)]
    [Trait("behaviour", "WP-137")]
    [Trait("behaviour", "WP-140")]
    [Trait("behaviour", "WP-141")]
    [Trait("behaviour", "WP-143")]
    [Trait("behaviour", "WP-144")]
    [Trait("behaviour", "WP-155")]
    [Trait("behaviour", "WP-156")]
    [Trait("behaviour", "WP-157")]
    [Trait("behaviour", "WP-158")]
    [Trait("behaviour", "WP-168")]
    [Trait("behaviour", "WP-169")]
    [Trait("behaviour", "WP-170")]
    public void Condition_AndItsOpposite(string key, string value, bool expected)
    {
        RequestFacts facts = Requests.Of("GET /", ("x-foo", "foo"));
        Assert.Equal(expected, Http(Policy(AccessAction.Allow, new AccessRule { When = { new AccessCondition { Key = key, Values = { value } } } })).Evaluate(facts).IsAllowed);
        Assert.Equal(!expected, Http(Policy(AccessAction.Allow, new AccessRule { When = { new AccessCondition { Key = key, NotValues = { value } } } })).Evaluate(facts).IsAllowed);
        Assert.Equal(!expected, Http(Policy(AccessAction.Deny, new AccessRule { When = { new AccessCondition { Key = key, Values = { value } } } })).Evaluate(facts).IsAllowed);
    }

    [Theory]
    [InlineData("deny.x.com", "deny.x.com", true)]
    [InlineData("deny.x.com", "DENY.x.COM", true)]
    [InlineData("prefix.x.*", "prefix.x.com", true)]
    [InlineData("deny.x.com", "allow.x.com", false)]
    [InlineData("*.com", "a.com:8080", false)]
    [Trait("behaviour", "WP-148")]
    [Trait("behaviour", "WP-149")]
    [Trait("behaviour", "WP-150")]
    public void Host_IsComparedWithoutCase_WithItsPort(string host, string authority, bool isDenied)
    {
        AccessProgram deny = Http(Policy(AccessAction.Deny, new AccessRule { To = { new AccessOperation { Hosts = { host } } } }));
        Assert.Equal(isDenied, !deny.Evaluate(Requests.Of("GET / " + authority)).IsAllowed);
        AccessProgram allow = Http(Policy(AccessAction.Allow, new AccessRule { To = { new AccessOperation { NotHosts = { host } } } }));
        Assert.Equal(!isDenied, allow.Evaluate(Requests.Of("GET / " + authority)).IsAllowed);
    }

    [Theory]
    [InlineData("/allow", true)]
    [InlineData("/allow?param=value", true)]
    [InlineData("/allow/admin", false)]
    [InlineData("/allow/admin?param=value", false)]
    [Trait("behaviour", "WP-151")]
    [Trait("behaviour", "WP-145")]
    public void DenyOfAPath_BeatsAllow_AndKnowsNoQuery(string path, bool expected) => Assert.Equal(
        expected,
        Http(
            Policy(AccessAction.Allow, new AccessRule { To = { new AccessOperation { Paths = { "/allow*" } } } }),
            Policy(AccessAction.Deny, new AccessRule { To = { new AccessOperation { Paths = { "/allow/admin" } } } })).Evaluate(Requests.Of("GET " + path)).IsAllowed);

    [Fact]
    [Trait("behaviour", "WP-142")]
    [Trait("behaviour", "WP-146")]
    [Trait("behaviour", "WP-147")]
    public void Opposites_InSourcesAndOperations()
    {
        AccessProgram namespaces = Http(Policy(AccessAction.Deny, new AccessRule { From = { new AccessSource { NotNamespaces = { "apps" } } } }));
        Assert.True(namespaces.Evaluate(Requests.Of("GET /")).IsAllowed);
        RequestFacts stranger = Requests.Of("GET /");
        stranger.Client = new SpiffeId("cluster.local", "other", "x");
        Assert.False(namespaces.Evaluate(stranger).IsAllowed);
        AccessProgram methods = Http(Policy(AccessAction.Allow, new AccessRule { To = { new AccessOperation { NotMethods = { "PUT" } } } }));
        Assert.False(methods.Evaluate(Requests.Of("PUT /")).IsAllowed);
        Assert.True(methods.Evaluate(Requests.Of("GET /")).IsAllowed);
        AccessProgram ports = Http(Policy(AccessAction.Allow, new AccessRule { To = { new AccessOperation { NotPorts = { "80" } } } }));
        Assert.False(ports.Evaluate(Requests.Of("GET /")).IsAllowed);
    }

    [Fact]
    [Trait("behaviour", "WP-159")]
    public void UnknownCaller_HasNoPrincipal()
    {
        AccessProgram program = Http(Policy(AccessAction.Deny, new AccessRule { From = { new AccessSource { NotPrincipals = { "*" } } } }));
        RequestFacts facts = Requests.Of("GET /");
        Assert.True(program.Evaluate(facts).IsAllowed);
        facts.Client = null;
        Assert.False(program.Evaluate(facts).IsAllowed);
    }

    [Fact]
    [Trait("behaviour", "WP-167")]
    public void UnknownKey_TakesAnAllowRuleAway_AndWidensADenyRule()
    {
        List<string> problems = [];
        AccessRule broken = new() { When = { new AccessCondition { Key = "destination.labels[app]", Values = { "x" } } } };
        AccessRule good = new() { To = { new AccessOperation { Paths = { "/good" } } } };
        AccessProgram allow = new([Policy(AccessAction.Allow, broken, good)], new AccessContext(Domains, IsHttp: true), problems.Add);
        Assert.False(allow.Evaluate(Requests.Of("GET /")).IsAllowed);
        Assert.True(allow.Evaluate(Requests.Of("GET /good")).IsAllowed);
        Assert.Equal("ns/policy: unknown attribute destination.labels[app]; the rule allows nothing", Assert.Single(problems));
        Assert.False(Http(Policy(AccessAction.Deny, broken)).Evaluate(Requests.Of("GET /")).IsAllowed);
    }

    [Theory]
    [InlineData("source.ip", "10.0.0.0/99")]
    [InlineData("destination.port", "http")]
    [InlineData("request.headers[]", "x")]
    [InlineData("experimental.envoy.filters.network.x[y]", "z")]
    [InlineData("request.path", "/a{*}")]
    public void UnreadableValue_NeverAllowsMore(string key, string value)
    {
        AccessRule rule = key == "request.path" ? new AccessRule { To = { new AccessOperation { Paths = { value } } } } : new AccessRule { When = { new AccessCondition { Key = key, Values = { value } } } };
        Assert.False(Http(Policy(AccessAction.Allow, rule)).Evaluate(Requests.Of("GET /")).IsAllowed);
        Assert.False(Http(Policy(AccessAction.Deny, rule)).Evaluate(Requests.Of("GET /")).IsAllowed);
    }

    [Fact]
    [Trait("behaviour", "WP-171")]
    [Trait("behaviour", "WP-172")]
    public void ConnectionsWithoutHttp_AreJudgedByWhatIsKnown()
    {
        RequestFacts facts = Requests.Of("GET /");
        facts.Head = null;
        AccessRule method = new() { To = { new AccessOperation { Methods = { "GET" } } } };
        AccessRule port = new() { To = { new AccessOperation { Ports = { "80" } } } };
        Assert.False(Tcp(Policy(AccessAction.Allow, method)).Evaluate(facts).IsAllowed);
        Assert.True(Tcp(Policy(AccessAction.Allow, port)).Evaluate(facts).IsAllowed);
        Assert.False(Tcp(Policy(AccessAction.Deny, method)).Evaluate(facts).IsAllowed);
        Assert.True(Tcp(Policy(AccessAction.Deny, new AccessRule { To = { new AccessOperation { Ports = { "81" }, Methods = { "GET" } } } })).Evaluate(facts).IsAllowed);
    }

    [Fact]
    [Trait("behaviour", "WP-135")]
    public void AllowWithoutRules_AllowsNothing_AndOneEmptyRuleEverything()
    {
        Assert.False(Http(Policy(AccessAction.Allow)).Evaluate(Requests.Of("GET /")).IsAllowed);
        Assert.True(Http(Policy(AccessAction.Allow), Policy(AccessAction.Allow, new AccessRule())).Evaluate(Requests.Of("GET /")).IsAllowed);
        Assert.True(Http(Policy(AccessAction.Deny)).Evaluate(Requests.Of("GET /")).IsAllowed);
    }

    [Fact]
    [Trait("behaviour", "WP-173")]
    public void DryRun_OnlySaysWhatItWouldDo()
    {
        AccessPolicy trial = Policy(AccessAction.Deny, new AccessRule());
        trial.DryRun = true;
        AccessProgram program = Http(trial);
        Assert.True(program.Evaluate(Requests.Of("GET /")).IsAllowed);
        Assert.True(program.HasDryRun);
        Assert.Equal((false, "ns[ns]-policy[policy]-rule[0]"), (program.DryRunDeny(Requests.Of("GET /"))!.Value.IsAllowed, program.DryRunDeny(Requests.Of("GET /"))!.Value.RuleId));
        Assert.Null(program.DryRunAllow(Requests.Of("GET /")));
        Assert.False(Http(Policy(AccessAction.Deny)).HasDryRun);
    }

    [Fact]
    public void Verdict_NamesItsRule()
    {
        AccessVerdict verdict = Http(Policy(AccessAction.Deny, new AccessRule { To = { new AccessOperation { Paths = { "/x" } } } }, new AccessRule())).Evaluate(Requests.Of("GET /"));
        Assert.Equal("ns[ns]-policy[policy]-rule[1]", verdict.RuleId);
        Assert.Equal("none", Http(Policy(AccessAction.Allow)).Evaluate(Requests.Of("GET /")).RuleId);
    }

    [Fact]
    [Trait("behaviour", "WP-160")]
    public void Custom_AsksOnlyAboutWhatItsRulesMatch()
    {
        AccessPolicy custom = Policy(AccessAction.Custom, new AccessRule { To = { new AccessOperation { Paths = { "/custom" } } } });
        custom.Provider = "checker";
        AccessProgram program = Http(custom);
        Assert.Equal("checker", program.FindProvider(Requests.Of("GET /custom")));
        Assert.Null(program.FindProvider(Requests.Of("GET /")));
        Assert.True(program.Evaluate(Requests.Of("GET /")).IsAllowed);
    }

    [Fact]
    public void Custom_OfSeveralProviders_AsksNobody()
    {
        AccessPolicy first = Policy(AccessAction.Custom, new AccessRule { To = { new AccessOperation { Paths = { "/a" } } } });
        AccessPolicy second = Policy(AccessAction.Custom, new AccessRule { To = { new AccessOperation { Paths = { "/b" } } } });
        (first.Provider, second.Provider) = ("one", "two");
        AccessProgram program = Http(first, second);
        Assert.Equal(("", "", null), (program.FindProvider(Requests.Of("GET /a")), program.FindProvider(Requests.Of("GET /b")), program.FindProvider(Requests.Of("GET /c"))));
        second.DryRun = true;
        Assert.Equal("one", Http(first, second).FindProvider(Requests.Of("GET /a")));
    }

    [Fact]
    public void Custom_HasNoIdentities_AndAsksMoreWithoutThem()
    {
        AccessPolicy custom = Policy(AccessAction.Custom, new AccessRule { From = { new AccessSource { Principals = { "nobody" }, IpBlocks = { "10.1.0.0/16" } } } });
        custom.Provider = "checker";
        Assert.Equal("checker", Http(custom).FindProvider(Requests.Of("GET /")));
    }

    [Theory]
    [InlineData("https://issuer.example/sub-1", true)]
    [InlineData("https://issuer.example/sub-2", false)]
    [InlineData("https://issuer.example/*", true)]
    [InlineData("*/sub-1", true)]
    [InlineData("*/sub-2", false)]
    [InlineData("*", true)]
    [InlineData("*-1", true)]
    [InlineData("https://iss*", true)]
    [InlineData("https://other*", false)]
    [Trait("behaviour", "WP-165")]
    [Trait("behaviour", "WP-193")]
    public void RequestPrincipal_HasWildcards(string value, bool expected)
    {
        RequestFacts facts = Requests.Of("GET /");
        AccessProgram program = Http(Policy(AccessAction.Allow, new AccessRule { From = { new AccessSource { RequestPrincipals = { value } } } }));
        Assert.False(program.Evaluate(facts).IsAllowed);
        facts.Claims = Claims("""{"iss":"https://issuer.example","sub":"sub-1"}""");
        Assert.Equal(expected, program.Evaluate(facts).IsAllowed);
        Assert.Equal(!expected, Http(Policy(AccessAction.Allow, new AccessRule { From = { new AccessSource { NotRequestPrincipals = { value } } } })).Evaluate(facts).IsAllowed);
    }

    [Theory]
    [InlineData("request.auth.claims[groups]", "group-2", true)]
    [InlineData("request.auth.claims[groups]", "group-9", false)]
    [InlineData("request.auth.claims[scope]", "read", true)]
    [InlineData("request.auth.claims[permission]", "x", true)]
    [InlineData("request.auth.claims[custom]", "b", false)]
    [InlineData("request.auth.claims[nested][key1]", "valueB", true)]
    [InlineData("request.auth.claims[nested][nested-2][key1]", "valueC", true)]
    [InlineData("request.auth.claims[nested][none]", "valueC", false)]
    [InlineData("request.auth.claims[number]", "5", false)]
    [InlineData("request.auth.audiences", "foo", true)]
    [InlineData("request.auth.presenter", "app", true)]
    [Trait("behaviour", "WP-189")]
    [Trait("behaviour", "WP-190")]
    [Trait("behaviour", "WP-191")]
    [Trait("behaviour", "WP-192")]
    public void Claim_IsATextOrAListOfTexts(string key, string value, bool expected)
    {
        RequestFacts facts = Requests.Of("GET /");
        facts.Claims = Claims("""
            {"iss":"i","sub":"s","groups":["group-1","group-2"],"scope":"read write","permission":"x y","custom":"a b","number":5,"azp":"app","aud":["foo","bar"],
             "nested":{"key1":["valueA","valueB"],"nested-2":{"key1":"valueC"}}}
            """);
        Assert.Equal(expected, Http(Policy(AccessAction.Allow, new AccessRule { When = { new AccessCondition { Key = key, Values = { value } } } })).Evaluate(facts).IsAllowed);
    }

    internal static TokenClaims Claims(string json, params string[] spaced) => new(JsonDocument.Parse(json).RootElement.Clone(), spaced);

    private static AccessProgram Http(params AccessPolicy[] policies) => new(policies, new AccessContext(Domains, IsHttp: true));

    private static AccessProgram Tcp(params AccessPolicy[] policies) => new(policies, new AccessContext(Domains, IsHttp: false));

    private static AccessPolicy Policy(AccessAction action, params AccessRule[] rules)
    {
        AccessPolicy policy = new() { Namespace = "ns", Name = "policy", Action = action };
        policy.Rules.AddRange(rules);
        return policy;
    }
}
