namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>Routes that a waypoint could not execute: what becomes of them, and whose fault it is.</summary>
public sealed class BrokenRouteTests
{
    [Fact]
    public void WhoeverWroteIt_IsTold_WithThePlace()
    {
        Compiling mesh = Compiling.Of(
            "VirtualService innocent: {hosts: [reviews], http: [{match: [{uri: {exact: /a}}], route: [{destination: {host: v1}}]}]}",
            "VirtualService guilty: {hosts: [reviews], http: [{name: apps.innocent.0, match: [{uri: {exact: /ok}}, {uri: {regex: '(?=x)'}}], route: [{destination: {host: v1}}]}, {match: [{uri: {exact: /h}}], headers: {request: {set: {'bad name': x}}}, route: [{destination: {host: v1}}]}]}");
        Assert.Equal(("v1:80", "500", "404"), (mesh.Route("GET /ok"), mesh.Route("GET /h"), mesh.Route("GET /x")));
        Assert.Equal(2, mesh.Messages.Count());
        Assert.Contains(mesh.Messages, static said => said.StartsWith("VirtualService guilty Invalid: spec.http[0].match[1]: ", StringComparison.Ordinal) && said.EndsWith("look-around is not supported; nothing matches it", StringComparison.Ordinal));
        Assert.Contains(mesh.Messages, static said => said.StartsWith("VirtualService guilty Invalid: spec.http[1]: ", StringComparison.Ordinal) && said.EndsWith("; the rule answers 500", StringComparison.Ordinal));
    }

    [Fact]
    public void RoutesOfTheGatewayApi_AreTold_WhateverTheirRulesAreCalled()
    {
        Compiling mesh = Compiling.Of(
            "HTTPRoute apps/a: {parentRefs: [{group: '', kind: Service, name: reviews}], rules: [{name: mine, matches: [{path: {type: RegularExpression, value: '(?=x)'}}], backendRefs: [{name: v1, port: 80}]}]}",
            "HTTPRoute apps/a.b: {parentRefs: [{group: '', kind: Service, name: reviews}], rules: [{matches: [{path: {type: RegularExpression, value: '(?!x)'}}], backendRefs: [{name: v1, port: 80}]}]}");
        Assert.Equal(["HTTPRoute a Invalid: spec.rules[0].matches[0]:", "HTTPRoute a.b Invalid: spec.rules[0].matches[0]:"], mesh.Messages.Select(static said => said[..(said.IndexOf(']', said.IndexOf("matches", StringComparison.Ordinal)) + 2)]).Order(StringComparer.Ordinal));

        // Nothing is left of what was written: that does not make it what holds where nobody says anything.
        Assert.Equal("404", mesh.Route("GET /x"));
    }

    [Theory]
    [InlineData("fault: {abort: {httpStatus: 42, percentage: {value: 100}}}", "spec.http[0].fault.abort.httpStatus 42 is no status from 200 to 599; requests are not aborted", "v1:80")]
    [InlineData("fault: {abort: {httpStatus: 101, percentage: {value: 100}}}", "spec.http[0].fault.abort.httpStatus 101 is no status from 200 to 599; requests are not aborted", "v1:80")]
    [InlineData("fault: {abort: {httpStatus: 600, percentage: {value: 100}}}", "spec.http[0].fault.abort.httpStatus 600 is no status from 200 to 599; requests are not aborted", "v1:80")]
    [InlineData("fault: {abort: {percentage: {value: 100}}}", "spec.http[0].fault.abort.httpStatus or grpcStatus is needed; requests are not aborted", "v1:80")]
    [InlineData("directResponse: {status: 101}", "spec.http[0].directResponse.status and body must be from 200 to 599 and at most 1 MiB; the rule answers 500", "500")]
    [InlineData("redirect: {uri: /x, redirectCode: 42}", "spec.http[0].redirect.redirectCode 42 is none of 301, 302, 303, 307, 308; the rule answers 500", "500")]
    public void StatusesThatAreNone_AreNeverWritten(string action, string problem, string answer)
    {
        string route = action.StartsWith("fault", StringComparison.Ordinal) ? ", route: [{destination: {host: v1}}]" : "";
        Compiling mesh = Compiling.Of($"VirtualService a: {{hosts: [reviews], http: [{{{action}{route}}}]}}");
        Assert.Contains("VirtualService a Invalid: " + problem, mesh.Messages);
        Assert.Equal(answer, mesh.Route("GET /"));
        Assert.Equal(0u, mesh.Port().HttpActions[0].Fault?.AbortShare ?? 0);
    }
}
