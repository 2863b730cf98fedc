using System.Net;
using System.Text;
using System.Text.Json;
using Ambient.EventLoop;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Renewal;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Ztunnel.Admin;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Tests.Admin;

#pragma warning disable CA1001 // Disposed by IAsyncLifetime.
public sealed class AdminTests : IAsyncLifetime
{
    private readonly LogHub _logs = LogHub.Discarding();
    private readonly MeshState _mesh = new();
    private readonly ReadinessTasks _tasks = new();
    private readonly EventLoop.EventLoop _loop = new("worker-0", new EventLoopOptions());
    private IReadOnlyList<CertificateStatus> _certificates = [];
    private OperatorServers _servers = null!;
    private int _shutdowns;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        ZtunnelSettings settings = ZtunnelSettings.Parse(new Dictionary<string, string>(), new SettingsHost()).Settings! with
        {
            AdminPort = 0,
            StatsPort = 0,
            ReadinessPort = 0,
            IsIPv6Enabled = false,
        };
        ConfigDump dump = new(new ConfigSources { Settings = settings, View = () => _mesh.Current, Certificates = () => _certificates });
        MetricRegistry registry = new();
        registry.AddGauge("one", "One.").With().Set(1);
        _servers = await OperatorServers.StartAsync(
            settings,
            new AdminHandler(dump, _logs, () => _shutdowns++),
            new MetricsHandler(registry),
            new ReadinessHandler(_tasks, new LoopProbe([_loop], TimeSpan.FromMilliseconds(200))),
            _logs);
        _client = new HttpClient();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _servers.DisposeAsync();
        _loop.Dispose();
        _logs.Dispose();
    }

    [Theory]
    [InlineData("", 200, "current log level is hickory_server::server=off,info\n")]
    [InlineData("?reset=true&level=debug", 200, "current log level is hickory_server::server=off,debug\n")]
    [InlineData("?level=access=debug,info", 200, "current log level is hickory_server::server=off,access=debug,info\n")]
    [InlineData("?level=access%3Ddebug%2Cinfo", 200, "current log level is hickory_server::server=off,access=debug,info\n")]
    [InlineData("?level=warn", 200, "current log level is hickory_server::server=off,warn\n")]
    [InlineData("?level=error", 200, "current log level is hickory_server::server=off,error\n")]
    [InlineData("?level=trace", 200, "current log level is hickory_server::server=off,trace\n")]
    [InlineData("?level=off", 200, "current log level is hickory_server::server=off,off\n")]
    [InlineData("?level=invalid_level", 400, "Invalid level provided: invalid_level\n")]
    [InlineData("?level=access", 400, "Invalid level provided: access\n")]
    [Trait("behaviour", "ZT-258")]
    public async Task Logging_ChangesLevels(string query, int status, string begins)
    {
        Assert.True(LogDirectives.TryParse("info", out LogDirectives? info, out _));
        using LogHub logs = new(new LogHubOptions { Directives = info, Sink = new Observation.LineSink() });
        AdminHandler handler = new(Dump(), logs, () => { });
        await using HttpServer server = HttpServer.Start(new HttpServerOptions("admin", [new(IPAddress.Loopback, 0)]), handler, _logs.For("x"));
        using HttpResponseMessage answer = await _client.PostAsync(new Uri($"http://127.0.0.1:{server.LocalAddresses[0].Port}/logging{query}"), null);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.StartsWith(begins, text, StringComparison.Ordinal);
        Assert.Equal(status == 400, text.Contains("usage: POST /logging", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("behaviour", "ZT-258")]
    public async Task Logging_Reset_ReturnsToTheStart()
    {
        await PostAsync("/logging?level=debug");
        (int status, string text) = await PostAsync("/logging?reset=");
        Assert.Equal((200, "current log level is hickory_server::server=off,off\n"), (status, text));
        using HttpResponseMessage get = await _client.GetAsync(At(0, "/logging"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
    }

    [Fact]
    [Trait("behaviour", "ZT-269")]
    public async Task Quit_Post_StartsTheShutdown()
    {
        Assert.Equal((200, "shutdown now\n"), await PostAsync("/quitquitquit"));
        Assert.Equal(1, _shutdowns);
    }

    [Fact]
    [Trait("behaviour", "ZT-272")]
    public async Task Quit_Get_IsRefused()
    {
        using HttpResponseMessage answer = await _client.GetAsync(At(0, "/quitquitquit"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(0, _shutdowns);
    }

    [Theory]
    [InlineData("GET", "localhost:15000", null, 200)]
    [InlineData("GET", "evil.example:15000", null, 403)]
    [InlineData("POST", "localhost:15000", "http://evil.example", 403)]
    [InlineData("POST", "localhost:15000", "http://localhost:15000", 200)]
    public async Task PagesOfOthers_AreRefused(string method, string host, string? origin, int status)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), At(0, method == "POST" ? "/quitquitquit" : "/config_dump"));
        request.Headers.Host = host;
        if (origin is not null)
        {
            Assert.True(request.Headers.TryAddWithoutValidation("Origin", origin));
        }

        using HttpResponseMessage answer = await _client.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(method == "POST" && status == 200 ? 1 : 0, _shutdowns);
    }

    [Theory]
    [InlineData(0, "/", 200)]
    [InlineData(0, "/nothing", 404)]
    [InlineData(0, "/debug/pprof/profile", 501)]
    [InlineData(0, "/debug/pprof/heap", 500)]
    [InlineData(0, "/debug/pprof/heap/profiling", 200)]
    [InlineData(0, "/debug/pprof/heap/profiling?activate=perhaps", 400)]
    [InlineData(1, "/metrics", 200)]
    [InlineData(1, "/stats/prometheus", 200)]
    [InlineData(1, "/", 404)]
    [InlineData(2, "/", 404)]
    public async Task Paths_HaveTheirStatus(int server, string path, int status)
    {
        using HttpResponseMessage answer = await _client.GetAsync(At(server, path));
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Readiness_NamesWhatIsPending_AndStuckLoops()
    {
        _tasks.Add(ReadinessTasks.StateManager);
        _tasks.Add(ReadinessTasks.DnsProxy);
        bool podsReady = false;
        _tasks.Add(ReadinessTasks.PodManager, () => podsReady);
        Assert.Equal((500, "not ready, pending: dns proxy, state manager, worker-0, workload proxy manager\n"), await GetAsync(2, "/healthz/ready"));
        _loop.Start();
        Assert.Equal((500, "not ready, pending: dns proxy, state manager, workload proxy manager\n"), await GetAsync(2, "/healthz/ready"));
        _tasks.Complete(ReadinessTasks.StateManager);
        _tasks.Complete(ReadinessTasks.DnsProxy);
        podsReady = true;
        Assert.Equal((200, "ready\n"), await GetAsync(2, "/healthz/ready"));
        podsReady = false;
        Assert.Equal((500, "not ready, pending: workload proxy manager\n"), await GetAsync(2, "/healthz/ready"));
        using HttpResponseMessage post = await _client.PostAsync(At(2, "/healthz/ready"), null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact]
    [Trait("behaviour", "ZT-257")]
    public async Task ConfigDump_HasEveryKindOfResource()
    {
        _mesh.Apply(Everything());
        using JsonDocument document = JsonDocument.Parse((await GetAsync(0, "/config_dump")).Text);
        JsonElement root = document.RootElement;
        AssertSorted(root, "$");
        Assert.Equal(["certificates", "config", "policies", "services", "stagedServices", "staticConfig", "version", "workloads"], root.EnumerateObject().Select(m => m.Name));
        JsonElement workload = Assert.Single(root.GetProperty("workloads").EnumerateArray(), w => w.GetProperty("name").GetString() == "cart-0");
        Assert.Equal("10.1.1.9", workload.GetProperty("workloadIps")[0].GetString());
        Assert.Equal("HBONE", workload.GetProperty("protocol").GetString());
        Assert.Equal("""{"destination":"nw/10.9.9.9","hboneMtlsPort":15008}""", Compact(workload.GetProperty("waypoint")));
        Assert.Equal("""["shop/cart.shop.svc"]""", Compact(workload.GetProperty("services")));
        Assert.False(workload.TryGetProperty("hostname", out _));
        JsonElement service = Assert.Single(root.GetProperty("services").EnumerateArray());
        Assert.Equal("""{"destination":"shop/waypoint.shop.svc","hboneMtlsPort":15008}""", Compact(service.GetProperty("waypoint")));
        Assert.Equal("""{"c1//Pod/shop/cart-0":{"port":{"80":8080},"status":"Healthy","workloadUid":"c1//Pod/shop/cart-0"}}""", Compact(service.GetProperty("endpoints")));
        Assert.Equal("""["nw/10.96.0.9"]""", Compact(service.GetProperty("vips")));
        Assert.Equal("""{"healthPolicy":"AllowAll","mode":"Failover","routingPreferences":["Region","Zone"]}""", Compact(service.GetProperty("loadBalancer")));
        JsonElement policy = Assert.Single(root.GetProperty("policies").EnumerateArray());
        Assert.Equal(
            """{"action":"Deny","dryRun":false,"name":"strict","namespace":"shop","rules":[[[{"destinationPorts":[80],"notPrincipals":[{"Presence":[]}],"principals":[{"Exact":"x"}],"sourceIps":["10.0.0.0/8"]}]]],"scope":"Namespace"}""",
            Compact(policy));
        Assert.Equal("shop/missing.svc", Assert.Single(root.GetProperty("stagedServices").EnumerateObject()).Name);
        JsonElement config = root.GetProperty("config");
        Assert.Equal("""{"nanos":0,"secs":300}""", Compact(config.GetProperty("poolUnusedReleaseTimeout")));
        Assert.Equal("""{"SocketAddr":"0.0.0.0:0"}""", Compact(config.GetProperty("statsAddr")));
        Assert.Equal("Shared", config.GetProperty("proxyMode").GetString());
        Assert.Equal("""{"File":"./var/run/secrets/istio/root-cert.pem"}""", Compact(config.GetProperty("caRootCert")));
    }

    [Fact]
    [Trait("behaviour", "ZT-256")]
    public async Task ConfigDump_ShowsCertificatesInEveryState()
    {
        using LocalDirectory directory = new();
        SpiffeId good = new("cluster.local", "b", "good");
        using LocalAuthority authority = LocalAuthority.Open(new LocalAuthorityOptions { Directory = directory.Path }, TimeProvider.System);
        WorkloadCertificate certificate = await authority.IssueAsync(good, CancellationToken.None);
        _certificates =
        [
            new CertificateStatus(new SpiffeId("cluster.local", "c", "waiting"), CertificateState.Initializing, null, null),
            new CertificateStatus(good, CertificateState.Available, certificate, null),
            new CertificateStatus(new SpiffeId("cluster.local", "a", "failing"), CertificateState.Unavailable, null, "the authority refused"),
        ];
        string text = (await GetAsync(0, "/config_dump")).Text;
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement[] dumped = [.. document.RootElement.GetProperty("certificates").EnumerateArray()];
        Assert.Equal(
            ["Unavailable: the authority refused", "Available", "Initializing"],
            dumped.Select(c => c.GetProperty("state").GetString()));
        Assert.Equal(0, dumped[0].GetProperty("certChain").GetArrayLength() + dumped[2].GetProperty("rootCerts").GetArrayLength());
        JsonElement leaf = dumped[1].GetProperty("certChain")[0];
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", Encoding.ASCII.GetString(leaf.GetProperty("pem").GetBytesFromBase64()), StringComparison.Ordinal);
        Assert.True(leaf.GetProperty("serialNumber").GetString()!.All(char.IsAsciiDigit));
        Assert.Equal(certificate.NotAfter.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null), leaf.GetProperty("expirationTime").GetString());
        Assert.True(leaf.TryGetProperty("validFrom", out _));
        Assert.NotEqual(0, dumped[1].GetProperty("rootCerts").GetArrayLength());
        Assert.DoesNotContain(Convert.ToBase64String(certificate.PrivateKeyPkcs8.Span)[20..60], text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "ZT-23")]
    public async Task TakenPort_FailsTheStart()
    {
        ZtunnelSettings taken = ZtunnelSettings.Parse(new Dictionary<string, string>(), new SettingsHost()).Settings! with
        {
            AdminPort = _servers.LocalAddresses[0].Port,
            StatsPort = 0,
            ReadinessPort = 0,
            IsIPv6Enabled = false,
        };
        IOException failure = await Assert.ThrowsAsync<IOException>(() => OperatorServers.StartAsync(
            taken, new AdminHandler(Dump(), _logs, () => { }), new MetricsHandler(new MetricRegistry()), new ReadinessHandler(_tasks, new LoopProbe([], TimeSpan.FromSeconds(1))), _logs));
        Assert.Contains($"127.0.0.1:{taken.AdminPort}", failure.Message, StringComparison.Ordinal);
    }

    private static MeshBatch Everything()
    {
        MeshBatch batch = new();
        NamespacedHostname cart = new("shop", "cart.shop.svc");
        WorkloadSpec spec = new()
        {
            Uid = "c1//Pod/shop/cart-0",
            Name = "cart-0",
            Namespace = "shop",
            Network = "nw",
            Protocol = TunnelProtocol.Hbone,
            TrustDomain = "cluster.local",
            ServiceAccount = "cart",
            ClusterId = "c1",
            Waypoint = GatewayAddress.To(new NetworkAddress("nw", IpAddress.Parse("10.9.9.9")), 15008),
        };
        spec.Addresses.Add(IpAddress.Parse("10.1.1.9"));
        spec.Services.Add(new ServiceMembership(cart, PortMap.Of((80, 8080))));
        batch.Workloads.Add(new Workload(spec));
        WorkloadSpec staged = new() { Uid = "c1//Pod/shop/other-0", Name = "other-0", Namespace = "shop", ClusterId = "c1" };
        staged.Addresses.Add(IpAddress.Parse("10.1.1.10"));
        staged.Services.Add(new ServiceMembership(new NamespacedHostname("shop", "missing.svc"), PortMap.Of((80, 8080))));
        batch.Workloads.Add(new Workload(staged));
        ServiceSpec service = new()
        {
            Name = "cart",
            Namespace = "shop",
            Hostname = cart.Hostname,
            Ports = PortMap.Of((80, 8080)),
            Waypoint = GatewayAddress.To(new NamespacedHostname("shop", "waypoint.shop.svc"), 15008),
            LoadBalancing = new LoadBalancing([RoutingScope.Region, RoutingScope.Zone], LoadBalancingMode.Failover, HealthPolicy.AllowAll),
        };
        service.Vips.Add(new NetworkAddress("nw", IpAddress.Parse("10.96.0.9")));
        batch.Services.Add(new Service(service));
        batch.Policies.Add(("shop/strict", new AuthorizationPolicy
        {
            Name = "strict",
            Namespace = "shop",
            Scope = PolicyScope.Namespace,
            Action = PolicyAction.Deny,
            Rules =
            [
                new PolicyRule([new PolicyClause([new PolicyMatch
                {
                    NotPrincipals = [StringMatch.Presence()], Principals = [StringMatch.Exact("x")], SourceIps = [IpPrefix.Parse("10.0.0.0/8")], DestinationPorts = [80],
                }])]),
            ],
        }));
        return batch;
    }

    private static void AssertSorted(JsonElement element, string path)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                AssertSorted(item, path + "[]");
            }
        }

        if (element.ValueKind == JsonValueKind.Object)
        {
            string[] names = [.. element.EnumerateObject().Select(m => m.Name)];
            Assert.True(names.SequenceEqual(names.Order(StringComparer.Ordinal)), $"{path}: {string.Join(' ', names)}");
            foreach (JsonProperty member in element.EnumerateObject())
            {
                AssertSorted(member.Value, $"{path}.{member.Name}");
            }
        }
    }

    private static string Compact(JsonElement element)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            element.WriteTo(json);
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    private ConfigDump Dump() => new(new ConfigSources
    {
        Settings = ZtunnelSettings.Parse(new Dictionary<string, string>(), new SettingsHost()).Settings!,
        View = () => _mesh.Current,
        Certificates = () => _certificates,
    });

    private Uri At(int server, string path) => new($"http://127.0.0.1:{_servers.LocalAddresses[server].Port}{path}");

    private async Task<(int Status, string Text)> GetAsync(int server, string path)
    {
        using HttpResponseMessage answer = await _client.GetAsync(At(server, path));
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<(int Status, string Text)> PostAsync(string path)
    {
        using HttpResponseMessage answer = await _client.PostAsync(At(0, path), null);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private sealed class LocalDirectory : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("ambient-admin-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
