using Ambient.Protocol.L7;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Google.Protobuf;

namespace Ambient.Component.Tests.Waypoints.Edges;

/// <summary>Ports for clients outside the mesh with clients of other makes: curl, OpenSSL, nghttp2.</summary>
public sealed class EdgeTlsTests
{
    [RequiresToolFact("curl,openssl", root: true)]
    [Trait("behaviour", "WP-250")]
    public async Task ServerNames_ChooseCertificatesAndRoutes_InBothVersionsOfHttp()
    {
        using TestCertificates authority = new();
        await using EdgeGateway gateway = await EdgeGateway.StartAsync(gateway =>
        {
            gateway.Route("one", EdgeGateway.Https, "v1");
            gateway.Route("two", EdgeGateway.Https, "v2");
            gateway.Route("plain", EdgeGateway.Http, "v1");
            gateway.Credential("one", authority.Issue(["one.example.com"]));
            gateway.Credential("two", authority.Issue(["*.two.example.com"], isRsa: true));
            gateway.Port(EdgeGateway.Https, EdgeProtocol.EdgeTls, EdgeGateway.Terminating("one.example.com", "one", "one"), EdgeGateway.Terminating("*.two.example.com", "two", "two"));
            gateway.Port(EdgeGateway.Http, EdgeProtocol.EdgeHttp, new EdgeListener { Name = "http", Hosts = { new EdgeHost { Hostname = "one.example.com", Routes = "plain" } } });
        });
        using HttpBackend first = HttpBackend.Start(gateway.Server, 9001, "v1");
        using HttpBackend second = HttpBackend.Start(gateway.Server, 9002, "v2");
        string roots = gateway.Save("roots.pem", authority.Pem);

        (int code, string seen) = await gateway.CurlAsync("https://one.example.com/a", "--cacert", roots, "-H", "X-Forwarded-For: 6.6.6.6", "-H", "X-Forwarded-Proto: http", "-H", "X-Envoy-Retry-On: 5xx", "-H", "X-Forwarded-Client-Cert: By=me");
        Assert.True(code == 0, seen + gateway.Process.Log);
        Assert.StartsWith("HTTP/2 200", seen, StringComparison.Ordinal);
        Assert.Contains("v1\nGET /a HTTP/1.1\r\nhost: one.example.com\r\n", seen, StringComparison.Ordinal);
        Assert.Contains($"x-forwarded-for: 6.6.6.6,{gateway.Client.Address}\r\n", seen, StringComparison.Ordinal);
        Assert.Contains("x-forwarded-proto: https\r\n", seen, StringComparison.Ordinal);
        Assert.Contains("x-envoy-attempt-count: 1", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("x-envoy-retry-on", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("x-forwarded-client-cert", seen, StringComparison.Ordinal);

        (code, seen) = await gateway.CurlAsync("https://a.two.example.com/b", "--cacert", roots, "--http1.1", "--tls-max", "1.2");
        Assert.True(code == 0, seen);
        Assert.StartsWith("HTTP/1.1 200 OK", seen, StringComparison.Ordinal);
        Assert.Contains("v2\nGET /b HTTP/1.1", seen, StringComparison.Ordinal);

        // A host of another listener is not served by this one, and a name that nobody listens for gets no handshake.
        (_, seen) = await gateway.CurlAsync("https://one.example.com/", "--cacert", roots, "-H", "Host: a.two.example.com");
        Assert.StartsWith("HTTP/2 421", seen, StringComparison.Ordinal);
        (code, seen) = await gateway.CurlAsync("https://three.example.com/", "--cacert", roots);
        Assert.True(code == 35, seen);
        string nameless = (await gateway.Network.TryRunAsync(gateway.Client, "timeout", "5", "openssl", "s_client", "-connect", $"{gateway.Gateway.Address}:443", "-noservername")).Output;
        Assert.DoesNotContain("BEGIN CERTIFICATE", nameless, StringComparison.Ordinal);

        (_, seen) = await gateway.CurlAsync("http://one.example.com/c", "-H", "Host: ONE.example.com:8080", "-H", "X-Forwarded-Proto: https");
        Assert.Contains("v1\nGET /c HTTP/1.1", seen, StringComparison.Ordinal);
        Assert.Contains("x-forwarded-proto: http\r\n", seen, StringComparison.Ordinal);
        (_, seen) = await gateway.CurlAsync("http://other.example.com/");
        Assert.StartsWith("HTTP/1.1 404", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", gateway.Process.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("curl", root: true)]
    [Trait("behaviour", "WP-255")]
    public async Task Certificates_AreReplaced_AndBrokenOnesCloseTheirListenerAlone()
    {
        using TestCertificates authority = new(), other = new("Other CA");
        EdgeCredential changing = null!;
        await using EdgeGateway gateway = await EdgeGateway.StartAsync(gateway =>
        {
            gateway.Route("one", EdgeGateway.Https, "v1");
            gateway.Route("two", EdgeGateway.Https, "v2");
            changing = gateway.Credential("one", authority.Issue(["one.example.com"]));
            gateway.Credential("two", authority.Issue(["two.example.com"]));
            gateway.Credential("old", authority.Issue(["old.example.com"], isExpired: true));
            gateway.Port(
                EdgeGateway.Https,
                EdgeProtocol.EdgeTls,
                EdgeGateway.Terminating("one.example.com", "one", "one"),
                EdgeGateway.Terminating("two.example.com", "two", "two"),
                EdgeGateway.Terminating("old.example.com", "old", "one"),
                EdgeGateway.Terminating("*", "missing", "two"));
        });
        using HttpBackend first = HttpBackend.Start(gateway.Server, 9001, "v1");
        using HttpBackend second = HttpBackend.Start(gateway.Server, 9002, "v2");
        string roots = gateway.Save("roots.pem", authority.Pem), others = gateway.Save("others.pem", other.Pem);
        await gateway.Process.LineAsync("the listener * on port 443 is closed: the credential missing is missing");
        Assert.Equal(0, (await gateway.CurlAsync("https://one.example.com/", "--cacert", roots)).Code);
        Assert.Equal(35, (await gateway.CurlAsync("https://nobody.example.com/", "-k")).Code);

        // An old certificate is served; clients judge it.
        Assert.Equal((60, 0), ((await gateway.CurlAsync("https://old.example.com/", "--cacert", roots)).Code, (await gateway.CurlAsync("https://old.example.com/", "-k")).Code));

        (string chain, string key) = other.Issue(["one.example.com"]);
        (changing.Chain, changing.Key) = (ByteString.CopyFromUtf8(chain), ByteString.CopyFromUtf8(key));
        gateway.Configure();
        await Eventually.TrueAsync(async () => (await gateway.CurlAsync("https://one.example.com/", "--cacert", others)).Code == 0);

        // Neither the certificate of before nor that of a listener beside it.
        changing.Key = ByteString.CopyFromUtf8(other.Issue(["one.example.com"]).Key);
        gateway.Configure();
        await gateway.Process.LineAsync("does not belong to its certificate");
        Assert.Equal(35, (await gateway.CurlAsync("https://one.example.com/", "-k")).Code);
        Assert.Equal(0, (await gateway.CurlAsync("https://two.example.com/", "--cacert", roots)).Code);
        changing.Key = ByteString.CopyFromUtf8(key);
        gateway.Configure();
        await Eventually.TrueAsync(async () => (await gateway.CurlAsync("https://one.example.com/", "--cacert", others)).Code == 0);
        Assert.DoesNotContain("PRIVATE", gateway.Process.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("curl", root: true)]
    [Trait("behaviour", "WP-256")]
    public async Task Clients_ShowCertificates_AndTheirNamesAreForwardedOnlyWhenTheyWereProved()
    {
        using TestCertificates authority = new(), clients = new("Clients"), strangers = new("Strangers");
        (string Chain, string Key) good = clients.Issue(["client.example.com", "spiffe://cluster.local/ns/bench/sa/admin"]), revoked = clients.Issue(["gone.example.com"]), foreign = strangers.Issue(["client.example.com"]);
        await using EdgeGateway gateway = await EdgeGateway.StartAsync(gateway =>
        {
            gateway.Bundle.Settings.ForwardedCertificate = ForwardedCertificate.AppendForward;
            gateway.Route("one", EdgeGateway.Https, "v1");
            EdgeCredential credential = gateway.Credential("one", authority.Issue(["one.example.com"]));
            credential.Authorities = ByteString.CopyFromUtf8(clients.Pem);
            credential.Revocations = ByteString.CopyFromUtf8(clients.Revoke(revoked.Chain));
            EdgeListener must = EdgeGateway.Terminating("one.example.com", "one", "one"), may = EdgeGateway.Terminating("may.example.com", "one", "one"), named = EdgeGateway.Terminating("named.example.com", "one", "one");
            must.Tls.Check = named.Tls.Check = ClientCheck.CheckRequired;
            may.Tls.Check = ClientCheck.CheckIfGiven;
            named.Tls.SubjectAltNames.Add("somebody.else");
            gateway.Port(EdgeGateway.Https, EdgeProtocol.EdgeTls, must, may, named);
        });
        using HttpBackend first = HttpBackend.Start(gateway.Server, 9001, "v1");
        string[] Show((string Chain, string Key) shown, string name) => ["-k", "--cert", gateway.Save(name + ".crt", shown.Chain), "--key", gateway.Save(name + ".key", shown.Key)];

        (int code, string seen) = await gateway.CurlAsync("https://one.example.com/", [.. Show(good, "good"), "-H", "X-Forwarded-Client-Cert: By=front"]);
        Assert.True(code == 0, seen);
        Assert.Contains("x-forwarded-client-cert: By=front,By=spiffe://cluster.local/ns/bench/sa/gateway;Hash=", seen, StringComparison.Ordinal);
        Assert.Contains(";Subject=\"CN=client.example.com\";URI=spiffe://cluster.local/ns/bench/sa/admin;DNS=client.example.com\r\n", seen, StringComparison.Ordinal);
        (code, seen) = await gateway.CurlAsync("https://may.example.com/", "-k", "-H", "X-Forwarded-Client-Cert: By=me");
        Assert.Equal((0, false), (code, seen.Contains("x-forwarded-client-cert", StringComparison.Ordinal)));
        Assert.NotEqual(0, (await gateway.CurlAsync("https://one.example.com/", "-k")).Code);
        Assert.NotEqual(0, (await gateway.CurlAsync("https://one.example.com/", Show(revoked, "revoked"))).Code);
        Assert.NotEqual(0, (await gateway.CurlAsync("https://may.example.com/", Show(foreign, "foreign"))).Code);
        Assert.NotEqual(0, (await gateway.CurlAsync("https://named.example.com/", Show(good, "good"))).Code);
        Assert.Equal(0, (await gateway.CurlAsync("https://may.example.com/", Show(good, "good"))).Code);
    }
}
