using Ambient.ControlPlane.Discovery.Policies;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.Istio.Security;

namespace Ambient.ControlPlane.Discovery.Tests.Policies;

public sealed class AuthorizationConversionTests
{
    [Fact]
    [Trait("behaviour", "CP-124")]
    public void TargetRef_IsNotForZtunnel() =>
        Assert.Equal((null, null), (Convert("""{"targetRefs":[{"kind":"Service","name":"s"}]}""").Message, Convert("""{"targetRef":{"kind":"Gateway","name":"s"}}""").IsAccepted));

    [Theory]
    [Trait("behaviour", "CP-126")]
    [Trait("behaviour", "CP-127")]
    [InlineData("AUDIT")]
    [InlineData("CUSTOM")]
    public void OtherActions_AreRejectedByName(string action)
    {
        PolicyVerdict verdict = Convert($$"""{"action":"{{action}}"}""");

        Assert.Equal((null, false, "UnsupportedValue"), (verdict.Message, verdict.IsAccepted, verdict.Reason));
        Assert.Contains(action, verdict.Remark, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("behaviour", "CP-128")]
    [Trait("behaviour", "CP-129")]
    [Trait("behaviour", "CP-130")]
    [Trait("behaviour", "CP-131")]
    [Trait("behaviour", "CP-132")]
    [InlineData("""[{"from":[{"source":{"principals":["a"]}}]}]""", "", "")]
    [InlineData("""[{"from":[{"source":{"notRequestPrincipals":["a"]}}]}]""", "notRequestPrincipals", "no effect")]
    [InlineData("""[{"from":[{"source":{"principals":["a"],"notRequestPrincipals":["a"]}}]}]""", "notRequestPrincipals", "without the HTTP part")]
    [InlineData("""[{"from":[{"source":{"notRequestPrincipals":["a"]}}]},{"to":[{"operation":{"ports":["80"]}}]}]""", "notRequestPrincipals", "without the HTTP part")]
    [InlineData("""[{"from":[{"source":{"principals":["a"]}}],"to":[{"operation":{"methods":["GET"]}}]}]""", "methods", "no effect")]
    public void Deny_KeepsItsRules_AndSaysWhatTheyStillDo(string rules, string attributes, string remark)
    {
        PolicyVerdict verdict = Convert($$"""{"action":"DENY","rules":{{rules}}}""");

        Assert.True(verdict.IsAccepted);
        Assert.Contains(attributes, verdict.Remark, StringComparison.Ordinal);
        Assert.Contains(remark, verdict.Remark, StringComparison.Ordinal);
        Assert.Equal(remark.Length == 0 ? "Accepted" : "UnsupportedValue", verdict.Reason);
    }

    [Fact]
    public void Patterns_AndAccounts()
    {
        Match match = Convert("""{"rules":[{"from":[{"source":{"principals":["x","p-*","*-s","*"],"serviceAccounts":["own","other/sa"],"ipBlocks":["1.2.3.4","10.0.0.0/8","::1"]}}]}]}""").Message!.Rules[0].Clauses[0].Matches[0];

        Assert.Equal(
            [StringMatch.MatchTypeOneofCase.Exact, StringMatch.MatchTypeOneofCase.Prefix, StringMatch.MatchTypeOneofCase.Suffix, StringMatch.MatchTypeOneofCase.Presence],
            match.Principals.Select(principal => principal.MatchTypeCase));
        Assert.Equal(["ns1/own", "other/sa"], match.ServiceAccounts.Select(account => $"{account.Namespace}/{account.ServiceAccount}"));
        Assert.Equal([32u, 8u, 128u], match.SourceIps.Select(ip => ip.Length));
    }

    [Fact]
    [Trait("behaviour", "CP-134")]
    public void Allow_DropsRulesWithHttpParts()
    {
        PolicyVerdict verdict = Convert("""
            {"rules":[
              {"from":[{"source":{"principals":["a"],"requestPrincipals":["b"]}}]},
              {"to":[{"operation":{"ports":["80"],"hosts":["h"]}}]},
              {"when":[{"key":"request.headers[x]","values":["1"]}]},
              {"from":[{"source":{"namespaces":["ok"]}}]},
              {}]}
            """);

        Assert.Equal((2, Scope.Namespace), (verdict.Message!.Rules.Count, verdict.Message.Scope));
        Assert.Empty(verdict.Message.Rules[1].Clauses);
        Assert.Contains("hosts, request.headers[x], requestPrincipals", verdict.Remark, StringComparison.Ordinal);
        Assert.Contains("stricter than asked", verdict.Remark, StringComparison.Ordinal);
        Assert.Empty(Convert("""{"rules":[{"to":[{"operation":{"paths":["/"]}}]}]}""").Message!.Rules);
    }

    [Fact]
    [Trait("behaviour", "CP-135")]
    public void Deny_OrdersClauses()
    {
        Rule rule = Convert("""
            {"action":"DENY","rules":[{
              "from":[{"source":{"namespaces":["a"]}}],
              "to":[{"operation":{"ports":["80"]}},{"operation":{"methods":["GET"]}}],
              "when":[{"key":"source.ip","values":["1.1.1.1"],"notValues":["2.2.2.2"]},{"key":"request.auth","values":["x"]}]}]}
            """).Message!.Rules.Single();

        Assert.Equal(4, rule.Clauses.Count);
        Assert.Equal(2, rule.Clauses[0].Matches.Count);
        Assert.Equal([80u], rule.Clauses[0].Matches[0].DestinationPorts);
        Assert.Equal(0, rule.Clauses[0].Matches[1].CalculateSize());
        Assert.Equal("a", rule.Clauses[1].Matches[0].Namespaces.Single().Exact);
        Assert.Equal((1, 1), (rule.Clauses[2].Matches[0].SourceIps.Count, rule.Clauses[2].Matches[0].NotSourceIps.Count));
        Assert.Equal(0, rule.Clauses[3].Matches[0].CalculateSize());
    }

    [Theory]
    [InlineData("ALLOW", """{"from":[{"source":{"namespaces":["a"],"ipBlocks":["bad"]}}]}""", 0, 0)]
    [InlineData("ALLOW", """{"from":[{"source":{"namespaces":["a"],"ipBlocks":["bad","1.1.1.1"]}}]}""", 1, 1)]
    [InlineData("ALLOW", """{"to":[{"operation":{"ports":["http"]}}]}""", 0, 0)]
    [InlineData("DENY", """{"to":[{"operation":{"ports":["http"]}}]}""", 1, 0)]
    [InlineData("DENY", """{"from":[{"source":{"namespaces":["a"]}}],"to":[{"operation":{"ports":["99999"]}}]}""", 1, 1)]
    [InlineData("DENY", """{"to":[{"operation":{"ports":["80","99999"]}}]}""", 1, 0)]
    [InlineData("DENY", """{"when":[{"key":"source.ipp","values":["10.0.0.0/8"]}]}""", 1, 0)]
    [InlineData("ALLOW", """{"when":[{"key":"source.ipp","values":["10.0.0.0/8"]}]}""", 0, 0)]
    [InlineData("ALLOW", """{"to":[{"operation":{"notPorts":["22","ssh"]}}]}""", 0, 0)]
    [InlineData("DENY", """{"to":[{"operation":{"ports":["80"],"methods":["GET"]}}],"from":[{"source":{"ipBlocks":["bad"]}}]}""", 1, 1)]
    public void UnreadableValues_NeverWidenAPolicy(string action, string rule, int rules, int clauses)
    {
        PolicyVerdict verdict = Convert($$"""{"action":"{{action}}","rules":[{{rule}}]}""");

        Assert.Equal(rules, verdict.Message!.Rules.Count);
        Assert.Equal(clauses, verdict.Message.Rules.Sum(converted => converted.Clauses.Count));
        Assert.Equal((true, "UnsupportedValue"), (verdict.IsAccepted, verdict.Reason));
        Assert.Contains("cannot be understood", verdict.Remark, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "CP-133")]
    public void BigAllow_KeepsItsRulesOfTheFourthLayer()
    {
        const string Four = """["x","p-*","*-s","*"]""";
        string From(string field, string values = Four) => $$$"""{"from":[{"source":{"{{{field}}}":{{{values}}}}}]}""";
        string To(string field, string values = Four) => $$$"""{"to":[{"operation":{"{{{field}}}":{{{values}}}}}]}""";
        string When(string key, string values = Four) => $$"""{"when":[{"key":"{{key}}","values":{{values}}}]}""";
        const string Ips = """["1.2.3.4","10.0.0.0/8"]""", Ports = """["80","443"]""";
        string[] kept =
        [
            From("principals"), From("serviceAccounts", """["own","other/sa"]"""), From("namespaces"), From("ipBlocks", Ips), To("ports", Ports),
            When("source.ip", Ips), When("source.namespace"), When("source.principal"), When("destination.ip", Ips), When("destination.port", Ports),
        ];
        string[] gone =
        [
            From("requestPrincipals"), From("remoteIpBlocks", Ips), To("methods"), To("hosts"), To("paths"), When("request.headers[x]"), When("remote.ip", Ips),
            When("request.auth.principal"), When("request.auth.audiences"), When("request.auth.presenter"), When("request.auth.claims[iss]"), When("connection.sni"),
            When("experimental.envoy.filters.a.b[c]"), To("notMethods"),
        ];

        Authorization message = Convert($$"""{"rules":[{{string.Join(',', gone.Take(7).Concat(kept).Concat(gone.Skip(7)))}}]}""").Message!;

        Assert.Equal(10, message.Rules.Count);
        Assert.All(message.Rules, static rule => Assert.Single(Assert.Single(rule.Clauses).Matches));
        Match[] matches = [.. message.Rules.Select(static rule => rule.Clauses[0].Matches[0])];
        Assert.All(
            new[] { matches[0].Principals, matches[2].Namespaces, matches[6].Namespaces, matches[7].Principals },
            static patterns => Assert.Equal(
                [StringMatch.MatchTypeOneofCase.Exact, StringMatch.MatchTypeOneofCase.Prefix, StringMatch.MatchTypeOneofCase.Suffix, StringMatch.MatchTypeOneofCase.Presence],
                patterns.Select(static pattern => pattern.MatchTypeCase)));
        Assert.Equal(["ns1/own", "other/sa"], matches[1].ServiceAccounts.Select(static account => $"{account.Namespace}/{account.ServiceAccount}"));
        Assert.Equal((2, 2, 2), (matches[3].SourceIps.Count, matches[5].SourceIps.Count, matches[8].DestinationIps.Count));
        Assert.Equal([80u, 443u], matches[4].DestinationPorts.Concat(matches[9].DestinationPorts).Distinct());
    }

    [Fact]
    public void Scope_AndDryRun()
    {
        Assert.Equal(Scope.Global, Convert("{}", "istio-system").Message!.Scope);
        Assert.Equal(Scope.WorkloadSelector, Convert("""{"selector":{"matchLabels":{"a":"b"}}}""", "istio-system").Message!.Scope);
        Assert.Equal(Scope.Namespace, Convert("""{"selector":{}}""").Message!.Scope);
        Assert.Null(Convert("{}", annotations: """{"istio.io/dry-run":"true"}""").Message);
        Assert.False(Convert("{}", annotations: """{"istio.io/dry-run":"perhaps"}""").Message!.DryRun);
        Assert.Empty(Convert("{}").Message!.Rules);
    }

    private static PolicyVerdict Convert(string spec, string ns = "ns1", string annotations = "{}") => AuthorizationConversion.Convert(
        Cluster.Read(KnownResources.AuthorizationPolicies, Cluster.Meta("p", ns, "{}", annotations, $"\"spec\":{spec}")), Cluster.Settings);
}
