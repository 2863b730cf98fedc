using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints.Behaviours;

/// <summary>What the bytes of a port are taken for (waypoint reference 6.2).</summary>
[Collection(SharedMesh.Collection)]
public sealed class ProtocolTests(SharedMesh shared)
{
    private const string Passed = "x-request-id: ";
    private const string Ok = "HTTP/1.1 200 ";

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-30")]
    public async Task OnePortNumber_IsHttpInOneService_AndBytesInAnother()
    {
        await shared.ApplyAsync(
            "kinds",
            SharedMesh.Service("web", "10.96.2.1", "app: server", "{name: http, port: 9030, targetPort: 9031, protocol: TCP}"),
            SharedMesh.Service("bytes", "10.96.2.2", "app: server", "{name: tcp, port: 9030, targetPort: 9031, protocol: TCP}"));
        using HttpBackend backend = HttpBackend.Start(shared.Pair.Server, 9031, "kinds");
        const string Request = "GET / HTTP/1.1\r\nHost: any\r\nX-Mixed: Case\r\n\r\n";
        string web = await shared.UntilAsync("10.96.2.1", 9030, "kinds\nGET / HTTP/1.1\r\nhost: any\r\nx-mixed: Case\r\n", Request);
        Assert.Contains(Passed, web, StringComparison.Ordinal);
        string bytes = await shared.UntilAsync("10.96.2.2", 9030, "kinds\n" + Request, Request);
        Assert.StartsWith("HTTP/1.1 200 OK\r\nX-Backend: kinds\r\n", bytes, StringComparison.Ordinal);

        // Both of them have come through the waypoint.
        await shared.PassedAsync("10.96.2.1:9030");
        await shared.PassedAsync("10.96.2.2:9030");
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-31")]
    public async Task ServicesThatShareTheirPods_AllWork_WithWhateverPorts()
    {
        await shared.ApplyAsync(
            "shared-pods",
            SharedMesh.Service("a", "10.96.2.3", "app: second", "{name: http, port: 80, targetPort: 8090, protocol: TCP}"),
            SharedMesh.Service("b-alt-1", "10.96.2.4", "app: second", "{name: http, port: 80, targetPort: web, protocol: TCP}"),
            SharedMesh.Service("b-alt-3", "10.96.2.5", "app: second", "{name: http, port: 12345, targetPort: 8090, protocol: TCP}"),
            SharedMesh.Service("b-alt-4", "10.96.2.6", "app: second", "{name: http, port: 12346, targetPort: 8091, protocol: TCP}"));
        using HttpBackend declared = HttpBackend.Start(shared.Second, 8090, "declared");
        using HttpBackend undeclared = HttpBackend.Start(shared.Second, 8091, "undeclared");
        foreach ((string address, int port, string backend) in new[] { ("10.96.2.3", 80, "declared"), ("10.96.2.4", 80, "declared"), ("10.96.2.5", 12345, "declared"), ("10.96.2.6", 12346, "undeclared") })
        {
            string answer = await shared.UntilAsync(address, port, $"\r\nx-backend: {backend}\r\n");
            Assert.StartsWith(Ok, answer, StringComparison.Ordinal);
            Assert.Contains(Passed, answer, StringComparison.Ordinal);
        }
    }

    [RequiresToolFact("nft,curl", root: true)]
    [Trait("behaviour", "WP-32")]
    public async Task PortNamedHttps_ShowsTheEndpointsOwnCertificate()
    {
        WebCertificates authority = new(shared.Pair.Network.Directory, "https");
        using TlsBackend backend = TlsBackend.Start(shared.Pair.Server, 9033, authority.Issue("shop.example.com"));
        await shared.ApplyAsync("https", SharedMesh.Service("https", "10.96.2.7", "app: server", "{name: https, port: 443, targetPort: 9033, protocol: TCP}"));
        await Eventually.PassesAsync(async () => Assert.Equal("tls shop.example.com http/1.1", await GetAsync("shop.example.com")));

        // curl believes that certificate alone, and only under its own name.
        Assert.Equal("", await GetAsync("other.example.com"));
        await shared.PassedAsync("10.96.2.7:443");

        Task<string> GetAsync(string host) => shared.CurlAsync("--http1.1", "--cacert", authority.RootPath, "--resolve", $"{host}:443:10.96.2.7", $"https://{host}/");
    }

    [RequiresToolFact("nft,node,curl", root: true)]
    [Trait("behaviour", "WP-35")]
    public async Task AppProtocolH2c_IsSpokenToTheEndpoint_WhateverTheClientSpeaks()
    {
        await shared.ApplyAsync("h2c", SharedMesh.Service("h2c", "10.96.2.8", "app: server", "{name: web, port: 9034, targetPort: 9035, protocol: TCP, appProtocol: kubernetes.io/h2c}"));
        await shared.ServeHttp2Async(shared.Pair.Server, 9035, "h2c");
        await Eventually.PassesAsync(async () => Assert.Equal("200 1.1 h2c", await shared.CurlAsync("--http1.1", "-o", "/dev/null", "-w", "%{http_code} %{http_version} %header{x-backend}", "http://10.96.2.8:9034/")));
    }
}
