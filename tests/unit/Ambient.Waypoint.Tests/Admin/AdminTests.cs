using System.Net;
using System.Text.Json;
using Ambient.Protocol.L7;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Admin;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Tests.Forwarding;
using Google.Protobuf;

namespace Ambient.Waypoint.Tests.Admin;

/// <summary>The admin port: what it tells, what it keeps to itself, and what it changes.</summary>
#pragma warning disable CA1001 // Disposed by IAsyncLifetime.
public sealed class AdminTests : IAsyncLifetime
{
    private const string Secret = "s3cr3t";

    private readonly LocalWaypoint _waypoint = new(policy: new TrafficPolicy { Outliers = new OutlierDetection { Consecutive5Xx = 1, BaseEjectionMs = 60_000, MaxEjectionPercent = 100 } });
    private readonly LogHub _logs = LogHub.Discarding();
    private readonly MetricRegistry _metrics = new();
    private readonly ConfigurationStore _store = new("cluster.local", static _ => { }, static _ => { });
    private HttpServer _server = null!;
    private HttpClient _client = null!;
    private string? _obstacle;
    private int _drains;
    private int _shutdowns;

    public Task InitializeAsync()
    {
        ServerInfo info = new(_waypoint.Shared.Options, () => _obstacle, () => _drains > 0, TimeProvider.System);
        _metrics.AddGauge("one", "One.").With().Set(1);
        _metrics.AddGauge("two", "Two.").With().Set(2);
        AdminHandler handler = new(new ConfigDump(_waypoint.Shared, _store, static () => [], info), info, _metrics, _logs, () => ++_drains < 3, () => _shutdowns++);
        _server = HttpServer.Start(new HttpServerOptions("admin", [new IPEndPoint(IPAddress.Loopback, 0)]), handler, _logs.For("admin"));
        _client = new HttpClient { BaseAddress = new Uri($"http://{_server.LocalAddresses[0]}") };
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _waypoint.Dispose();
        _logs.Dispose();
    }

    [Fact]
    public async Task ConfigDump_HasRoutesPoliciesAndEndpoints_AndNoSecrets()
    {
        _store.Apply(Change());
        using JsonDocument dump = JsonDocument.Parse(await _client.GetStringAsync(new Uri("/config_dump", UriKind.Relative)));
        JsonElement root = dump.RootElement;
        string text = root.GetRawText();
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(ByteString.CopyFromUtf8(Secret).ToByteArray()), text, StringComparison.Ordinal);
        Assert.Contains(SecretFields.Redacted, text, StringComparison.Ordinal);
        JsonElement port = root.GetProperty("routes")[0].GetProperty("ports")[0];
        Assert.Equal("bench/cart.bench.svc.cluster.local", root.GetProperty("routes")[0].GetProperty("service").GetString());
        Assert.Equal("canary", port.GetProperty("http")[0].GetProperty("name").GetString());
        Assert.Equal("/new", port.GetProperty("http")[0].GetProperty("match").GetProperty("path").GetProperty("prefix").GetString());
        JsonElement action = port.GetProperty("http")[0].GetProperty("action");
        Assert.Equal("bench/cart.bench.svc.cluster.local:80/v2", action.GetProperty("targets")[0].GetProperty("destination").GetString());
        Assert.Equal(12.5, action.GetProperty("fault").GetProperty("abortPercent").GetDouble());
        Assert.Equal("visible", action.GetProperty("request").GetProperty("set")[1].GetProperty("value").GetString());
        Assert.Equal("Deny", root.GetProperty("accessPolicies")[0].GetProperty("action").GetString());
        JsonElement limit = root.GetProperty("rateLimits")[0].GetProperty("rules")[0];
        Assert.Equal((5, 60_000, "Principal"), (limit.GetProperty("burst").GetInt32(), limit.GetProperty("periodMs").GetInt32(), limit.GetProperty("per").GetString()));
        Assert.Equal("cluster.local/ns/a/sa/b", limit.GetProperty("matches")[0].GetProperty("source").GetProperty("principals")[0].GetString());
        Assert.Equal("issuer", root.GetProperty("tokenPolicies")[0].GetProperty("rules")[0].GetProperty("issuer").GetString());
        Assert.True(root.GetProperty("destinations")[0].GetProperty("policies")[0].GetProperty("tls").GetProperty("hasCertificate").GetBoolean());
        Assert.Equal("cart-1", root.GetProperty("workloads")[0].GetProperty("name").GetString());
        Assert.Equal("LIVE", root.GetProperty("server").GetProperty("state").GetString());
    }

    [Fact]
    public async Task Resources_ThatAreGone_AreGoneFromTheDump()
    {
        _store.Apply(Change());
        _store.Apply(new ConfigurationChange { Routes = new ConfigurationPart<ServiceRoutes>(new Dictionary<string, ServiceRoutes>(), ["routes"]) });
        using JsonDocument dump = JsonDocument.Parse(await _client.GetStringAsync(new Uri("/config_dump", UriKind.Relative)));
        Assert.Equal(0, dump.RootElement.GetProperty("routes").GetArrayLength());
    }

    [Fact]
    public async Task Clusters_SayWhoIsOutOfService_AndLookingLeavesNothingBehind()
    {
        string before = await _client.GetStringAsync(new Uri("/clusters", UriKind.Relative));
        Assert.Contains("bench/cart.bench.svc.cluster.local:80::10.0.0.1:8080::health_flags::healthy\n", before, StringComparison.Ordinal);
        Assert.Empty(_waypoint.Shared.Destinations.Used);
        _waypoint.Endpoint.State.Eject(_waypoint.Shared.NowMilliseconds, new OutlierDetection { BaseEjectionMs = 60_000, IntervalMs = 1 });
        using JsonDocument clusters = JsonDocument.Parse(await _client.GetStringAsync(new Uri("/clusters?format=json", UriKind.Relative)));
        JsonElement endpoint = clusters.RootElement.GetProperty("endpoints")[0];
        Assert.Equal("Ejected", endpoint.GetProperty("status").GetString());
        Assert.InRange(endpoint.GetProperty("ejectedForMs").GetInt64(), 1, 60_000);
        Assert.Contains("::health_flags::/failed_outlier_check\n", await _client.GetStringAsync(new Uri("/clusters", UriKind.Relative)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatChangesSomething_IsPost()
    {
        foreach (string path in new[] { "/drain", "/drain_listeners", "/quitquitquit", "/logging?level=debug" })
        {
            using HttpResponseMessage refused = await _client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.MethodNotAllowed, refused.StatusCode);
        }

        Assert.Equal((0, 0), (_drains, _shutdowns));
        Assert.Equal((HttpStatusCode.OK, "draining\n"), await PostAsync("/drain"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "DRAINING\n"), await GetAsync("/ready"));
        Assert.Equal((HttpStatusCode.OK, "shutdown now\n"), await PostAsync("/quitquitquit"));
        Assert.Equal((1, 1), (_drains, _shutdowns));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("/drain")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await PostAsync("/drain")).Status);
    }

    [Fact]
    public async Task Levels_AreShownAndChanged()
    {
        (HttpStatusCode status, string levels) = await PostAsync("/logging?level=waypoint::xds%3Ddebug");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("waypoint::xds=debug", levels, StringComparison.Ordinal);
        Assert.True(_logs.For("waypoint::xds").IsEnabled(LogLevel.Debug));
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync("/logging?level=loud")).Status);
    }

    [Fact]
    public async Task TheRest_Answers()
    {
        Assert.Equal((HttpStatusCode.OK, "two 2\n"), await GetAsync("/stats?filter=two"));
        Assert.Contains("\none 1\n", await _client.GetStringAsync(new Uri("/stats/prometheus", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "LIVE\n"), await GetAsync("/ready"));
        _obstacle = "there is no certificate yet";
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "INITIALIZING\n"), await GetAsync("/ready"));
        Assert.Contains("there is no certificate yet", (await GetAsync("/server_info")).Text, StringComparison.Ordinal);
        using JsonDocument memory = JsonDocument.Parse((await GetAsync("/memory")).Text);
        Assert.True(memory.RootElement.GetProperty("resident").GetInt64() > memory.RootElement.GetProperty("allocated").GetInt64());
        Assert.Contains("/config_dump", (await GetAsync("/")).Text, StringComparison.Ordinal);
        Assert.Contains("\"certificates\": []", (await GetAsync("/certs")).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/nothing")).Status);
    }

    [Theory]
    [InlineData("GET", "localhost", null, 200)]
    [InlineData("GET", "LocalHost:8001", null, 200)]
    [InlineData("GET", "127.0.0.1:15000", "http://evil.example", 200)]
    [InlineData("GET", "[::1]", null, 200)]
    [InlineData("GET", "[::1]:15000", null, 200)]
    [InlineData("GET", "evil.example", null, 403)]
    [InlineData("GET", "localhost.evil.example:15000", null, 403)]
    [InlineData("GET", "127.0.0.1.evil.example", null, 403)]
    [InlineData("POST", "evil.example", "http://evil.example", 403)]
    [InlineData("POST", "localhost:15000", "http://evil.example", 403)]
    [InlineData("POST", "localhost:15000", "http://localhost:3000", 403)]
    [InlineData("POST", "localhost:15000", "null", 403)]
    [InlineData("POST", "localhost:15000", "http://localhost:15000", 200)]
    [InlineData("POST", "localhost:15000", null, 200)]
    public async Task PagesOfOthers_AreRefused(string method, string host, string? origin, int status)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), new Uri(method == "POST" ? "/quitquitquit" : "/config_dump", UriKind.Relative));
        request.Headers.Host = host;
        if (origin is not null)
        {
            Assert.True(request.Headers.TryAddWithoutValidation("Origin", origin));
        }

        using HttpResponseMessage answer = await _client.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(method == "POST" && status == 200 ? 1 : 0, _shutdowns);
    }

    private static ConfigurationChange Change()
    {
        Destination to = new() { Namespace = "bench", Hostname = "cart.bench.svc.cluster.local", Port = 80, Subset = "v2" };
        HttpAction action = new()
        {
            Targets = { new WeightedTarget { Weight = 1, Destination = to } },
            Request = new HeaderEdits { Set = { new HeaderValue { Name = "authorization", Value = "Bearer " + Secret }, new HeaderValue { Name = "x-lane", Value = "visible" } } },
            Fault = new Fault { AbortShare = 125_000, AbortStatus = 500 },
        };
        HttpMatch match = new() { Path = new PathMatch { Prefix = "/new" }, Headers = { new NamedMatch { Name = "x-api-key", Value = new TextMatch { Exact = Secret } } } };
        ServiceRoutes routes = new()
        {
            Namespace = "bench",
            Hostname = "cart.bench.svc.cluster.local",
            Ports = { new PortRoutes { Port = 80, Protocol = PortProtocol.Http, Http = { new HttpRoute { Name = "canary", Match = match } }, HttpActions = { action } } },
        };
        UpstreamTls tls = new() { Sni = "x", Certificate = ByteString.CopyFromUtf8(Secret), PrivateKey = ByteString.CopyFromUtf8(Secret) };
        return new ConfigurationChange
        {
            Routes = Part("routes", routes),
            Destinations = Part("d", new DestinationSettings { Namespace = "bench", Hostname = "cart.bench.svc.cluster.local", Policies = { new ScopedPolicy { Policy = new TrafficPolicy { Tls = tls } } } }),
            Access = Part("a", new AccessPolicy
            {
                Namespace = "bench",
                Name = "deny",
                Action = AccessAction.Deny,
                Attachments = { new Attachment { All = true } },
                Rules = { new AccessRule { When = { new AccessCondition { Key = "request.headers[x-token]", Values = { Secret } } } } },
            }),
            Limits = Part("l", new LimitPolicy { Namespace = "bench", Name = "busy", Attachments = { new Attachment { All = true } }, Rules = { new LimitRule { Requests = 5, PeriodMs = 60_000, PerPrincipal = true, Matches = { new LimitMatch { Source = new AccessSource { Principals = { "cluster.local/ns/a/sa/b" } } } } } } }),
            Tokens = Part("t", new TokenPolicy { Namespace = "bench", Name = "jwt", Rules = { new TokenRule { Issuer = "issuer", Keys = $$"""{"keys":[{"kty":"oct","k":"{{Secret}}"}]}""" } } }),
            Settings = new WaypointSettings
            {
                Authorizers = { new Authorizer { Name = "authz", AdditionalFields = { new HeaderValue { Name = "x-tenant", Value = Secret } } } },
                Telemetry = new TelemetrySettings { Providers = { new TelemetryProvider { Name = "otel", OtlpTraces = new OtlpEndpoint { Host = "collector", Port = 4317, Headers = { new HeaderValue { Name = "x-tenant", Value = Secret } } } } } },
            },
        };
    }

    private static ConfigurationPart<T> Part<T>(string name, T resource) => new(new Dictionary<string, T> { [name] = resource }, []);

    private async Task<(HttpStatusCode Status, string Text)> GetAsync(string path)
    {
        using HttpResponseMessage answer = await _client.GetAsync(new Uri(path, UriKind.Relative));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<(HttpStatusCode Status, string Text)> PostAsync(string path)
    {
        using HttpResponseMessage answer = await _client.PostAsync(new Uri(path, UriKind.Relative), null);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
