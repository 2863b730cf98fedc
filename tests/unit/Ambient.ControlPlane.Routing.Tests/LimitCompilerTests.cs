using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>LocalRateLimits as waypoints get them.</summary>
public sealed class LimitCompilerTests
{
    private const string Target = "targetRefs: [{group: '', kind: Service, name: reviews}]";

    [Fact]
    public void WhatIsWritten_IsCompiled()
    {
        Compiling mesh = Compiling.Of(
            $$"""
            LocalRateLimit p:
              {{Target}}
              mode: DryRun
              grpcStatus: ResourceExhausted
              rules:
              - limit: {requests: 100, unit: Minute, burst: 7}
                per: Principal
                matches:
                - methods: [GET, POST]
                  path: {type: Exact, value: /a}
                  headers: [{name: x-tier, value: free}, {name: x-any, type: Present}]
                  source: {principals: [cluster.local/ns/a/sa/b], namespaces: [a]}
                - path: {value: /b}
              - limit: {requests: 5, unit: Second}
            """);
        Assert.Empty(mesh.Messages);
        LimitPolicy policy = Assert.Single(mesh.Result.Limits);
        Assert.Equal(("apps", "p", true, 8u, "apps/reviews.apps.svc.cluster.local"), (policy.Namespace, policy.Name, policy.DryRun, policy.GrpcStatus, Assert.Single(policy.Attachments).Service));
        LimitRule first = policy.Rules[0];
        Assert.Equal((100u, 60_000u, 7u, true), (first.Requests, first.PeriodMs, first.Burst, first.PerPrincipal));
        Assert.Equal(["GET", "POST", ""], first.Matches.Select(static match => match.Request.Method?.Exact ?? ""));
        Assert.Equal(("/a", "x-tier", "free", true), (first.Matches[1].Request.Path.Exact, first.Matches[1].Request.Headers[0].Name, first.Matches[1].Request.Headers[0].Value.Exact, first.Matches[1].Request.Headers[1].Value.Present));
        Assert.Equal(("cluster.local/ns/a/sa/b", "a"), (first.Matches[1].Source.Principals[0], first.Matches[1].Source.Namespaces[0]));
        Assert.Equal("/b", first.Matches[2].Request.Path.SegmentPrefix);
        Assert.Equal((5u, 1000u, 0u, false, 0), (policy.Rules[1].Requests, policy.Rules[1].PeriodMs, policy.Rules[1].Burst, policy.Rules[1].PerPrincipal, policy.Rules[1].Matches.Count));
    }

    [Theory]
    [InlineData("Service", "", "reviews", "apps/reviews.apps.svc.cluster.local")]
    [InlineData("Service", "core", "reviews", "apps/reviews.apps.svc.cluster.local")]
    [InlineData("Gateway", "gateway.networking.k8s.io", "waypoint", "all")]
    [InlineData("Gateway", "gateway.networking.k8s.io", "another", "")]
    [InlineData("ServiceEntry", "networking.istio.io", "reviews", "")]
    [InlineData("GatewayClass", "gateway.networking.k8s.io", "istio-waypoint", "")]
    public void ATarget_SaysWhoseRequestsAreLimited(string kind, string group, string name, string expected)
    {
        Compiling mesh = Compiling.Of($$$"""LocalRateLimit p: {targetRefs: [{kind: {{{kind}}}, group: '{{{group}}}', name: {{{name}}}}], rules: [{limit: {requests: 1, unit: Hour}}]}""");
        LimitPolicy? policy = mesh.Result.Limits.SingleOrDefault();
        Assert.Equal(expected, policy is null ? "" : policy.Attachments[0].All ? "all" : policy.Attachments[0].Service);
        Assert.Equal(3_600_000u, policy?.Rules[0].PeriodMs ?? 3_600_000);
    }

    [Theory]
    [InlineData("rules: []", "spec.rules has 0 entries: there must be between 1 and 16")]
    [InlineData("rules: [{}]", "spec.rules[0].limit is missing: say requests and unit")]
    [InlineData("rules: [{limit: {unit: Second}}]", "spec.rules[0].limit.requests is missing")]
    [InlineData("rules: [{limit: {requests: 0, unit: Second}}]", "spec.rules[0].limit.requests is 0: it must be between 1 and 1000000")]
    [InlineData("rules: [{limit: {requests: 1, burst: 2000000, unit: Second}}]", "spec.rules[0].limit.burst is 2000000")]
    [InlineData("rules: [{limit: {requests: 1}}]", "spec.rules[0].limit.unit is missing: say Second, Minute or Hour")]
    [InlineData("rules: [{limit: {requests: 1, unit: Day}}]", "spec.rules[0].limit.unit is 'Day': it must be Second, Minute or Hour")]
    [InlineData("rules: [{limit: {requests: many, unit: Second}}]", "spec.rules[0].limit.requests must be a whole number")]
    [InlineData("rules: [{per: Pod, limit: {requests: 1, unit: Second}}]", "spec.rules[0].per is 'Pod': it must be Waypoint or Principal")]
    [InlineData("rules: [{limit: {requests: 1, unit: Second}, matches: [{path: {value: a}}]}]", "spec.rules[0].matches[0].path.value 'a' must begin with /")]
    [InlineData("rules: [{limit: {requests: 1, unit: Second}, matches: [{path: {type: Regex, value: /a}}]}]", "spec.rules[0].matches[0].path.type is 'Regex'")]
    [InlineData("rules: [{limit: {requests: 1, unit: Second}, matches: [{methods: [get]}]}]", "spec.rules[0].matches[0].methods 'get' must be in capital letters")]
    [InlineData("rules: [{limit: {requests: 1, unit: Second}, matches: [{headers: [{name: a}]}]}]", "spec.rules[0].matches[0].headers[0].value is missing")]
    [InlineData("rules: [{limit: {requests: 1, unit: Second}, matches: [{headers: [{name: a, type: Present, value: b}]}]}]", "spec.rules[0].matches[0].headers[0].value must not be there")]
    [InlineData("rules: [{limit: {requests: 1, unit: Second}, matches: [{source: {}}]}]", "spec.rules[0].matches[0].source names nobody")]
    public void ARuleThatMakesNoSense_IsNamed_AndLimitsNobody(string rules, string expected)
    {
        Compiling mesh = Compiling.Of("LocalRateLimit p: {" + Target + ", " + rules + "}");
        Assert.Empty(mesh.Result.Limits);
        Assert.Contains(mesh.Messages, message => message.StartsWith("LocalRateLimit p Invalid: " + expected, StringComparison.Ordinal));
    }

    [Fact]
    public void WhatNobodyKnows_IsNamed_AndOtherRulesAreInForce()
    {
        Compiling mesh = Compiling.Of("LocalRateLimit p: {" + Target + ", rules: [{limit: {requests: 1, unit: Day}}, {limit: {requests: 2, unit: Second, cost: 3}}]}");
        Assert.Equal(2u, Assert.Single(Assert.Single(mesh.Result.Limits).Rules).Requests);
        Assert.Contains(mesh.Messages, static message => message.Contains("spec.rules[1].limit.cost is not known and has no effect", StringComparison.Ordinal));
    }
}
