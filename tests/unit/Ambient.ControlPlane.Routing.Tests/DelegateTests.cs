using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>Rules of which another VirtualService says what they do.</summary>
public sealed class DelegateTests
{
    private const string Root = "VirtualService root: {hosts: [reviews], http: [{name: r, MATCH delegate: {name: d, namespace: other} MORE}]}";

    [Theory]
    [Trait("behaviour", "WP-96")]
    [Trait("behaviour", "WP-97")]
    [Trait("behaviour", "WP-100")]
    [InlineData("match: [{uri: {prefix: /productpage}}],", "match: [{uri: {prefix: /productpage/v1}}],", "/productpage/v1/x", "v1:80")]
    [InlineData("match: [{uri: {prefix: /productpage}}],", "match: [{uri: {prefix: /productpage/v1}}],", "/productpage", "404")]
    [InlineData("match: [{uri: {prefix: /productpage}}],", "match: [{uri: {prefix: /reviews}}],", "/reviews", "reviews:80")] // nothing of it fits
    [InlineData("match: [{uri: {prefix: /a}}],", "", "/a/b", "v1:80")]
    [InlineData("match: [{uri: {prefix: /a}}],", "", "/b", "404")]
    [InlineData("", "match: [{uri: {exact: /b}}],", "/b", "v1:80")]
    [InlineData("match: [{uri: {exact: /v1}}],", "match: [{uri: {prefix: /v1}}],", "/v1", "reviews:80")]
    [InlineData("match: [{uri: {exact: /v1}}],", "match: [{uri: {exact: /v1}}],", "/v1", "v1:80")]
    [InlineData("match: [{uri: {regex: /v.}}],", "match: [{uri: {exact: /v1}}],", "/v1", "reviews:80")]
    [InlineData("match: [{uri: {prefix: /a}}, {uri: {prefix: /b}}],", "match: [{uri: {prefix: /b/c}}],", "/b/c", "v1:80")]
    [InlineData("match: [{method: {exact: GET}}],", "match: [{uri: {prefix: /x}}],", "/x", "v1:80")]
    [InlineData("match: [{method: {exact: PUT}}],", "match: [{uri: {prefix: /x}}],", "/x", "404")]
    [InlineData("match: [{uri: {prefix: /x}, ignoreUriCase: true}],", "match: [{uri: {prefix: /x}}],", "/x", "reviews:80")]
    [InlineData("match: [{port: 80}],", "match: [{port: 81}],", "/x", "reviews:80")]
    public void Conditions_HoldTogether_OrTheRuleIsLeftOut(string root, string child, string path, string expected) =>
        Assert.Equal(expected, Compile(root, "", child, "").Route("GET " + path));

    [Fact]
    [Trait("behaviour", "WP-98")]
    public void Fields_AreTheDelegates_ElseTheRoots()
    {
        HttpAction own = Compile("", ", timeout: 5s, mirror: {host: v2}", "", ", timeout: 1s").Port().HttpActions[0];
        Assert.Equal((1000ul, "v2.apps.svc.cluster.local"), (own.TimeoutMs, Assert.Single(own.Mirrors).Destination.Hostname));
        PortRoutes inherited = Compile("", ", timeout: 5s", "", "").Port();
        Assert.Equal((5000ul, "r-c"), (inherited.HttpActions[0].TimeoutMs, inherited.Http[0].Name));
    }

    [Fact]
    [Trait("behaviour", "WP-99")]
    public void WhatIsNoDelegate_IsNamed()
    {
        Compiling nested = Compile("", "", "delegate: {name: e},", "");
        Assert.Contains(nested.Messages, static message => message.Contains("a delegate cannot delegate", StringComparison.Ordinal));
        Assert.Contains(Compiling.Of(Root.Replace("MATCH", "", StringComparison.Ordinal).Replace("MORE", "", StringComparison.Ordinal)).Messages, static message => message.Contains("VirtualService other/d does not exist", StringComparison.Ordinal));
        foreach ((string spec, string problem) in new[] { ("hosts: [reviews],", "has hosts of its own"), ("exportTo: [elsewhere],", "is not exported to the namespace apps") })
        {
            Compiling mesh = Compiling.Of(Root.Replace("MATCH", "", StringComparison.Ordinal).Replace("MORE", "", StringComparison.Ordinal), $"VirtualService other/d: {{{spec} http: [{{route: [{{destination: {{host: v1.apps.svc.cluster.local}}}}]}}]}}");
            Assert.Contains(mesh.Messages, message => message.Contains(problem, StringComparison.Ordinal));
            Assert.Equal("reviews:80", mesh.Route("GET /"));
        }
    }

    private static Compiling Compile(string match, string more, string childMatch, string childMore) => Compiling.Of(
        Root.Replace("MATCH", match, StringComparison.Ordinal).Replace("MORE", more, StringComparison.Ordinal),
        $"VirtualService other/d: {{http: [{{name: c, {childMatch} route: [{{destination: {{host: v1.apps.svc.cluster.local}}}}] {childMore}}}]}}");
}
