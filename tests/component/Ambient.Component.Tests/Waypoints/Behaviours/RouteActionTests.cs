using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Waypoints.Behaviours;

/// <summary>What routes do with requests, over the wire: headers, redirects, rewrites, CORS, faults (waypoint reference 6.3).</summary>
[Collection(SharedMesh.Collection)]
public sealed class RouteActionTests(SharedMesh shared)
{
    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-37")]
    [Trait("behaviour", "WP-38")]
    [Trait("behaviour", "WP-39")]
    [Trait("behaviour", "WP-40")]
    [Trait("behaviour", "WP-42")]
    public async Task WhatRulesAndDestinationsWrite_ArrivesAtTheEndpoint()
    {
        using HttpBackend backend = HttpBackend.Start(shared.Pair.Server, 9061, "writes");
        await ApplyAsync("writes", "10.96.4.1", 9061, """
            {match: [{uri: {exact: /add}}], headers: {request: {add: {istio-custom-header: user-defined-value}}}, route: [{destination: {host: writes}}]},
            {match: [{uri: {exact: /set}}], headers: {request: {set: {x-custom: some-value}}}, route: [{destination: {host: writes}}]},
            {match: [{uri: {exact: /rule}}], headers: {request: {set: {":authority": my-custom-authority}}}, route: [{destination: {host: writes}}]},
            {match: [{uri: {exact: /host}}], route: [{destination: {host: writes}, headers: {request: {set: {Host: my-custom-authority}}}}]},
            {match: [{uri: {exact: /authority}}], route: [{destination: {host: writes}, headers: {request: {set: {":authority": my-custom-authority}}}}]},
            {match: [{uri: {exact: /half}}], route: [
              {destination: {host: writes}, weight: 50, headers: {request: {set: {Host: dest-authority}}}},
              {destination: {host: writes}, weight: 50, headers: {request: {set: {Host: dest-authority}}}}]}
            """);
        await shared.UntilAsync("10.96.4.1", 80, "\r\nistio-custom-header: user-defined-value\r\n", Get("/add"));
        string added = shared.Ask("10.96.4.1", 80, "GET /add HTTP/1.1\r\nHost: any\r\nistio-custom-header: own\r\n\r\n");
        Assert.Contains("own", added, StringComparison.Ordinal);
        Assert.Contains("user-defined-value", added, StringComparison.Ordinal);
        string set = shared.Ask("10.96.4.1", 80, "GET /set HTTP/1.1\r\nHost: any\r\nX-Custom: own\r\n\r\n");
        Assert.Contains("\r\nx-custom: some-value\r\n", set, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("own", set, StringComparison.Ordinal);
        foreach (string path in new[] { "/rule", "/host", "/authority" })
        {
            Assert.Contains($"\nGET {path} HTTP/1.1\r\nhost: my-custom-authority\r\n", shared.Ask("10.96.4.1", 80, Get(path)), StringComparison.Ordinal);
        }

        for (int i = 0; i < 10; i++)
        {
            Assert.Contains("\nGET /half HTTP/1.1\r\nhost: dest-authority\r\n", shared.Ask("10.96.4.1", 80, Get("/half")), StringComparison.Ordinal);
        }
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-43")]
    [Trait("behaviour", "WP-44")]
    [Trait("behaviour", "WP-45")]
    [Trait("behaviour", "WP-46")]
    [Trait("behaviour", "WP-47")]
    public async Task Redirects_LeadWhereTheySay()
    {
        await ApplyAsync("moves", "10.96.4.2", 9062, """
            {match: [{uri: {exact: /foo}}], redirect: {derivePort: FROM_REQUEST_PORT}},
            {match: [{uri: {exact: /308}}], redirect: {uri: /new, redirectCode: 308}},
            {match: [{uri: {exact: /safe}}], redirect: {uri: /new}, headers: {response: {set: {Strict-Transport-Security: max-age=31536000}}}},
            {match: [{uri: {prefix: /old/}}], redirect: {authority: foo.example.com, uri: /}},
            {match: [{uri: {prefix: /prefix/}}], redirect: {authority: foo.example.com, prefixRewrite: /}}
            """);
        await shared.UntilAsync("10.96.4.2", 80, "HTTP/1.1 301 ", Get("/foo", "b"));
        Assert.Equal("301 http://b/foo", Moved(80, "/foo", "b"));
        Assert.Equal("301 http://b:85/foo", Moved(85, "/foo", "b"));
        Assert.Equal("301 http://b:85/foo", Moved(85, "/foo", "b:85"));
        Assert.Equal("308 http://b/new?q=1", Moved(80, "/308?q=1", "b"));
        Assert.Equal("301 http://b/new", Moved(80, "/safe", "b"));
        Assert.Contains("\r\nstrict-transport-security: max-age=31536000\r\n", shared.Ask("10.96.4.2", 80, Get("/safe")), StringComparison.OrdinalIgnoreCase);
        Assert.Equal("301 http://foo.example.com/", Moved(80, "/old/x", "b"));
        Assert.Equal("301 http://foo.example.com/x/y", Moved(80, "/prefix/x/y", "b"));

        string Moved(int port, string path, string host)
        {
            string[] lines = shared.Ask("10.96.4.2", port, Get(path, host)).Split("\r\n");
            return $"{lines[0].Split(' ')[1]} {lines.SingleOrDefault(static line => line.StartsWith("location: ", StringComparison.Ordinal))?[10..]}";
        }
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-48")]
    [Trait("behaviour", "WP-49")]
    [Trait("behaviour", "WP-51")]
    [Trait("behaviour", "WP-52")]
    [Trait("behaviour", "WP-53")]
    public async Task UnusualMatches_AndRewrites()
    {
        using HttpBackend backend = HttpBackend.Start(shared.Pair.Server, 9063, "rewrites");
        await ApplyAsync("rewrites", "10.96.4.3", 9063, """
            {match: [{uri: {exact: /name}, headers: {"a!#$%&'*+-.^_`|~z": {exact: why}}}], route: [{destination: {host: rewrites}}]},
            {match: [{uri: {exact: /method}, headers: {":method": {exact: GET}}}], route: [{destination: {host: rewrites}}]},
            {match: [{uri: {prefix: /service/}}], rewrite: {uriRegexRewrite: {match: '^/service/([^/]+)(/.*)$', rewrite: '\2/instance/\1'}}, route: [{destination: {host: rewrites}}]},
            {match: [{uri: {prefix: /whole}}], rewrite: {uriRegexRewrite: {match: '/.*', rewrite: /replace-full}}, route: [{destination: {host: rewrites}}]},
            {match: [{uri: {prefix: /both/}}], rewrite: {uri: /, authority: new-authority}, route: [{destination: {host: rewrites}}]}
            """);
        await shared.UntilAsync("10.96.4.3", 80, "HTTP/1.1 404 ", Get("/name"));
        Assert.StartsWith("HTTP/1.1 200 ", shared.Ask("10.96.4.3", 80, "GET /name HTTP/1.1\r\nHost: any\r\na!#$%&'*+-.^_`|~z: why\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", shared.Ask("10.96.4.3", 80, Get("/method")), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", shared.Ask("10.96.4.3", 80, "POST /method HTTP/1.1\r\nHost: any\r\nContent-Length: 0\r\n\r\n"), StringComparison.Ordinal);
        foreach ((string path, string seen) in new[]
        {
            ("/service/foo/v1/api", "GET /v1/api/instance/foo HTTP/1.1\r\nhost: any\r\n"),
            ("/whole/of/it?a=b", "GET /replace-full?a=b HTTP/1.1\r\nhost: any\r\n"),
            ("/both/x", "GET /x HTTP/1.1\r\nhost: new-authority\r\n"),
        })
        {
            Assert.Contains("rewrites\n" + seen, shared.Ask("10.96.4.3", 80, Get(path)), StringComparison.Ordinal);
        }
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-54")]
    [Trait("behaviour", "WP-55")]
    [Trait("behaviour", "WP-56")]
    public async Task Cors_IsAnsweredAndMarked()
    {
        using HttpBackend backend = HttpBackend.Start(shared.Pair.Server, 9064, "shares");
        await ApplyAsync("shares", "10.96.4.4", 9064, """
            {corsPolicy: {allowOrigins: [{exact: cors.com}], allowMethods: [GET, POST], allowHeaders: [X-Foo-Bar, X-Foo-Baz], maxAge: 24h}, route: [{destination: {host: shares}}]}
            """);
        string marked = await shared.UntilAsync("10.96.4.4", 80, "access-control-allow-origin", "GET / HTTP/1.1\r\nHost: any\r\nOrigin: cors.com\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", marked, StringComparison.Ordinal);
        Assert.Contains("\r\naccess-control-allow-origin: cors.com\r\n", marked, StringComparison.Ordinal);
        foreach (string origin in new[] { "", "Origin: evil.com\r\n" })
        {
            string plain = shared.Ask("10.96.4.4", 80, $"GET / HTTP/1.1\r\nHost: any\r\n{origin}\r\n");
            Assert.StartsWith("HTTP/1.1 200 ", plain, StringComparison.Ordinal);
            Assert.DoesNotContain("access-control", plain, StringComparison.OrdinalIgnoreCase);
        }

        string preflight = shared.Ask("10.96.4.4", 80, "OPTIONS / HTTP/1.1\r\nHost: any\r\nOrigin: cors.com\r\nAccess-Control-Request-Method: POST\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", preflight, StringComparison.Ordinal);
        foreach (string field in new[] { "origin: cors.com", "methods: GET,POST", "headers: X-Foo-Bar,X-Foo-Baz" })
        {
            Assert.Contains($"\r\naccess-control-allow-{field}\r\n", preflight, StringComparison.Ordinal);
        }

        Assert.Contains("\r\naccess-control-max-age: 86400\r\n", preflight, StringComparison.Ordinal);
        Assert.DoesNotContain("x-backend", preflight, StringComparison.OrdinalIgnoreCase);

        // Nobody says what becomes of a foreign one: the endpoint has it.
        Assert.Contains("x-backend: shares", shared.Ask("10.96.4.4", 80, "OPTIONS / HTTP/1.1\r\nHost: any\r\nOrigin: evil.com\r\nAccess-Control-Request-Method: POST\r\n\r\n"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,curl", root: true)]
    [Trait("behaviour", "WP-57")]
    [Trait("behaviour", "WP-58")]
    [Trait("behaviour", "WP-59")]
    [Trait("behaviour", "WP-60")]
    public async Task Faults_StrikeWhomTheyAreFor()
    {
        using HttpBackend backend = HttpBackend.Start(shared.Pair.Server, 9065, "faulty");
        await ApplyAsync("faulty", "10.96.4.5", 9065, """
            {match: [{uri: {exact: /abort}}], fault: {abort: {httpStatus: 418, percentage: {value: 100}}}, route: [{destination: {host: faulty}}]},
            {match: [{uri: {exact: /echo.Echo/Talk}}], fault: {abort: {grpcStatus: UNAVAILABLE, percentage: {value: 100}}}, route: [{destination: {host: faulty}}]},
            {match: [{uri: {exact: /never}}], fault: {abort: {httpStatus: 418}, delay: {fixedDelay: 60s}}, route: [{destination: {host: faulty}}]},
            {match: [{headers: {end-user: {exact: jason}}}], fault: {delay: {fixedDelay: 3s, percentage: {value: 100}}}, route: [{destination: {host: faulty}}]},
            {route: [{destination: {host: faulty}}]}
            """);
        string aborted = await shared.UntilAsync("10.96.4.5", 80, "HTTP/1.1 418 ", Get("/abort"));
        Assert.EndsWith("\r\n\r\nfault filter abort", aborted, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", shared.Ask("10.96.4.5", 80, Get("/never")), StringComparison.Ordinal);

        // A call over HTTP/2 by curl: 200, and what became of it in the only head.
        string call = await shared.CurlAsync("--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code} %{http_version} %header{grpc-status} %header{grpc-message} %header{content-type}", "-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary", "message", "http://10.96.4.5/echo.Echo/Talk");
        Assert.Equal("200 2 14 fault filter abort application/grpc", call);

        // While jason waits others do not.
        long began = Stopwatch.GetTimestamp();
        using Socket jason = MeshPair.Connect(shared.Pair.Client, new IPEndPoint(IPAddress.Parse("10.96.4.5"), 80));
        await ScriptedBackend.SayAsync(jason, "GET / HTTP/1.1\r\nHost: any\r\nend-user: jason\r\n\r\n");
        Assert.Contains("x-backend: faulty", shared.Ask("10.96.4.5", 80, "GET / HTTP/1.1\r\nHost: any\r\nend-user: not-jason\r\n\r\n"), StringComparison.Ordinal);
        Assert.True(jason.Available == 0 || Stopwatch.GetElapsedTime(began).TotalSeconds >= 3, "jason was answered first");
        Assert.Contains("x-backend: faulty", WaypointMesh.Ask(jason, ""), StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 2.9, 60);
    }

    private static string Get(string path, string host = "any") => $"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n";

    private Task ApplyAsync(string name, string address, int target, string rules) => shared.ApplyAsync(
        name,
        SharedMesh.Service(name, address, "app: server", $"{{name: http, port: 80, targetPort: {target}, protocol: TCP}}, {{name: http-alt, port: 85, targetPort: {target}, protocol: TCP}}"),
        SharedMesh.Routes(name, rules));
}
