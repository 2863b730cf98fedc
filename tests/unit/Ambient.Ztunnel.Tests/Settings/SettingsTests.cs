using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Tests.Settings;

public sealed class SettingsTests
{
    private const string MeshFile = """
        defaultConfig:
          statsPort: 15888
          proxyAdminPort: 15099
          discoveryAddress: istiod.elsewhere:15012
          proxyMetadata:
            FOO: foo
            FOOBAR: from-file
        """;

    [Fact]
    public void Nothing_GivesTheDefaults()
    {
        ZtunnelSettings s = Good([]);
        Assert.Equal(ProxyMode.Shared, s.Mode);
        Assert.Equal(new Uri("https://localhost:15012"), s.Xds.Address);
        Assert.Equal(new Uri("https://localhost:15012"), s.CertificateAuthority.Address);
        Assert.Equal(new RootSource(RootSourceKind.File, "./var/run/secrets/istio/root-cert.pem"), s.Xds.Roots);
        Assert.Null(s.Token);
        Assert.Equal("Kubernetes", s.ClusterId);
        Assert.Equal("cluster.local", s.ClusterDomain);
        Assert.Equal(1337u, s.PacketMark);
        Assert.Equal(OriginalSourceMode.BestEffort, s.OriginalSource);
        Assert.Equal(new TunnelSettings(4194304, 16777216, 1048576, 100, TimeSpan.FromMinutes(5)), s.Tunnels);
        Assert.Equal(new KeepAliveSettings(true, TimeSpan.FromSeconds(180), TimeSpan.FromSeconds(180), 9, false), s.KeepAlive);
        Assert.Equal(TimeSpan.FromSeconds(5), s.DrainTime);
        Assert.Equal(TimeSpan.FromHours(24), s.SecretTimeToLive);
        Assert.Equal("/var/run/ztunnel/ztunnel.sock", s.AgentSocketPath);
        Assert.Equal("1.1.1.1", s.InstanceIp);
        Assert.Equal((15000, 15020, 15021), (s.AdminPort, s.StatsPort, s.ReadinessPort));
        Assert.True(s.IsProxyEnabled && s.IsDnsEnabled && s.IsPortReuseEnabled && s.IsLocalhostAppTunnel && s.IsResponseBaggageEnabled && s.IsIPv6Enabled);
        Assert.False(s.IsXdsOnDemand || s.IsFakeCa || s.IsSocksEnabled || s.HasSelfListener || s.IsCrlStrict);
        Assert.Equal("hickory_server::server=off,info", s.LogDirectives.Text);
    }

    [Fact]
    [Trait("behaviour", "ZT-1")]
    public void MeshFile_Counts()
    {
        ZtunnelSettings s = Good([], MeshFile);
        Assert.Equal((15099, 15888), (s.AdminPort, s.StatsPort));
        Assert.Equal("foo", s.ProxyMetadata["FOO"]);
        Assert.Equal("Kubernetes", s.ClusterId);
        Assert.Equal(new Uri("https://istiod.elsewhere:15012"), s.Xds.Address);
    }

    [Fact]
    [Trait("behaviour", "ZT-2")]
    public void ProxyConfig_GivesTheXdsAddress()
    {
        ZtunnelSettings s = Good([("PROXY_CONFIG", "discoveryAddress: istiod-rev0.istio-system-2:15012\nproxyMetadata: {}")]);
        Assert.Equal(new Uri("https://istiod-rev0.istio-system-2:15012"), s.Xds.Address);
        Assert.Equal(15021, s.ReadinessPort);
    }

    [Fact]
    [Trait("behaviour", "ZT-3")]
    public void ProxyConfig_MetadataLosesItsPrefix()
    {
        ZtunnelSettings s = Good([("PROXY_CONFIG", "{\"proxyMetadata\":{\"ISTIO_META_BAR\":\"bar\",\"NO_PREFIX\":\"np\"}}")]);
        Assert.Equal("bar", s.ProxyMetadata["BAR"]);
        Assert.Equal("np", s.ProxyMetadata["NO_PREFIX"]);
        Assert.False(s.ProxyMetadata.ContainsKey("ISTIO_META_BAR"));
    }

    [Fact]
    [Trait("behaviour", "ZT-4")]
    public void Environment_GivesMetadataByPrefixAlone()
    {
        ZtunnelSettings s = Good([("ISTIO_META_INCLUDE_THIS", "foobar-env"), ("NOT_INCLUDE", "x")]);
        Assert.Equal("foobar-env", s.ProxyMetadata["INCLUDE_THIS"]);
        Assert.False(s.ProxyMetadata.ContainsKey("NOT_INCLUDE"));
    }

    [Fact]
    [Trait("behaviour", "ZT-5")]
    public void ClusterId_ComesFromMetadataFirst()
    {
        ZtunnelSettings s = Good([("ISTIO_META_CLUSTER_ID", "test-cluster"), ("CLUSTER_ID", "other")]);
        Assert.Equal("test-cluster", s.ClusterId);
        Assert.Equal("test-cluster", s.ProxyMetadata["CLUSTER_ID"]);
        Assert.Equal("other", Good([("CLUSTER_ID", "other")]).ClusterId);
    }

    [Fact]
    [Trait("behaviour", "ZT-6")]
    public void ProxyConfig_OverlaysTheFileFieldByField()
    {
        ZtunnelSettings s = Good([("PROXY_CONFIG", "proxyAdminPort: 15999\nproxyMetadata:\n  FOOBAR: from-config"), ("ISTIO_META_FOOBAR", "foobar-overwritten")], MeshFile);
        Assert.Equal((15999, 15888), (s.AdminPort, s.StatsPort));
        Assert.Equal("foo", s.ProxyMetadata["FOO"]);
        Assert.Equal("foobar-overwritten", s.ProxyMetadata["FOOBAR"]);
    }

    [Fact]
    [Trait("behaviour", "ZT-7")]
    public void Headers_GoToTheirOwnConnection()
    {
        ZtunnelSettings s = Good([("XDS_HEADER_HEADER_FOO", "foo"), ("XDS_HEADER_HEADER_BAR", "bar"), ("CA_HEADER_HEADER_BAZ", "baz")]);
        Assert.Equal([KeyValuePair.Create("HEADER_BAR", "bar"), KeyValuePair.Create("HEADER_FOO", "foo")], s.Xds.Headers);
        Assert.Equal([KeyValuePair.Create("HEADER_BAZ", "baz")], s.CertificateAuthority.Headers);
    }

    [Theory]
    [InlineData(4, 2, "ZTUNNEL_WORKER_THREADS=4")]
    [InlineData(4, 2, "ZTUNNEL_WORKER_THREADS=50% ZTUNNEL_CPU_LIMIT=8")]
    [InlineData(5, 16, "ZTUNNEL_WORKER_THREADS=30%")]
    [InlineData(1, 4, "ZTUNNEL_WORKER_THREADS=10%")]
    [InlineData(2, 1, "")]
    [InlineData(3, 12, "")]
    [InlineData(3, 2, "ZTUNNEL_CPU_LIMIT=12")]
    [InlineData(3, 2, "ZTUNNEL_CPU_LIMIT=12 ZTUNNEL_RESOURCE_CPU_LIMIT=3 ZTUNNEL_WORKER_THREADS=0")]
    [InlineData(16, 2, "ZTUNNEL_RESOURCE_CPU_LIMIT=16")]
    [InlineData(1, 8, "ZTUNNEL_RESOURCE_CPU_LIMIT=1")]
    [InlineData(1, 8, "ZTUNNEL_RESOURCE_CPU_LIMIT=500m")]
    [InlineData(3, 8, "ZTUNNEL_RESOURCE_CPU_LIMIT=2500m")]
    [InlineData(2, 8, "ZTUNNEL_RESOURCE_CPU_LIMIT=1.5")]
    [InlineData(8, 2, "ZTUNNEL_CPU_LIMIT=32")]
    [InlineData(8, 2, "ZTUNNEL_RESOURCE_CPU_REQUEST=8")]
    [InlineData(2, 2, "ZTUNNEL_RESOURCE_CPU_REQUEST=1")]
    [InlineData(16, 2, "ZTUNNEL_RESOURCE_CPU_LIMIT=16 ZTUNNEL_RESOURCE_CPU_REQUEST=4")]
    [InlineData(8, 2, "ZTUNNEL_RESOURCE_CPU_LIMIT=4 ZTUNNEL_RESOURCE_CPU_REQUEST=8")]
    [InlineData(6, 2, "ZTUNNEL_WORKER_THREADS=0 ZTUNNEL_CPU_LIMIT=6")]
    [InlineData(6, 2, "PROXY_CONFIG=concurrency:_0 ZTUNNEL_CPU_LIMIT=6")]
    [InlineData(7, 2, "PROXY_CONFIG=concurrency:_7")]
    [InlineData(100, 100, "ZTUNNEL_WORKER_THREADS=100%")]
    [Trait("behaviour", "ZT-8")]
    [Trait("behaviour", "ZT-9")]
    [Trait("behaviour", "ZT-10")]
    [Trait("behaviour", "ZT-11")]
    [Trait("behaviour", "ZT-12")]
    [Trait("behaviour", "ZT-13")]
    [Trait("behaviour", "ZT-14")]
    [Trait("behaviour", "ZT-15")]
    [Trait("behaviour", "ZT-16")]
    [Trait("behaviour", "ZT-17")]
    [Trait("behaviour", "ZT-18")]
    [Trait("behaviour", "ZT-19")]
    [Trait("behaviour", "ZT-20")]
    [Trait("behaviour", "ZT-21")]
    public void Workers_FollowTheRules(int expected, int cores, string environment)
    {
        (string, string)[] variables = [.. environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=', 2)).Select(v => (v[0], v[1].Replace("_0", " 0", StringComparison.Ordinal).Replace("_7", " 7", StringComparison.Ordinal)))];
        Assert.Equal(expected, Parse(variables, null, cores).Settings!.WorkerThreadCount);
    }

    [Theory]
    [InlineData("localhost:1053", null, 1053)]
    [InlineData("127.0.0.9:53", "127.0.0.9", 53)]
    [InlineData("[::1]:53", "::1", 53)]
    public void DnsAddress_IsRead(string text, string? address, int port)
    {
        DnsAddress dns = Good([("ISTIO_META_DNS_PROXY_ADDR", text)]).DnsAddress;
        Assert.Equal((address, port), (dns.Address?.ToString(), dns.Port));
    }

    [Fact]
    [Trait("behaviour", "ZT-22")]
    public void DnsAddress_Wrong_NamesVariableAndValue()
    {
        SettingError error = Assert.Single(Parse([("PROXY_CONFIG", "proxyMetadata: {DNS_PROXY_ADDR: not-an-address}")]).Errors);
        Assert.Contains("failed to parse DNS_PROXY_ADDR: not-an-address", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "ZT-24")]
    public void OnDemandWithDns_Fails()
    {
        Assert.Equal("XDS_ON_DEMAND", Assert.Single(Parse([("XDS_ON_DEMAND", "true")]).Errors).Variable);
        Assert.True(Good([("XDS_ON_DEMAND", "true"), ("ISTIO_META_DNS_CAPTURE", "false")]).IsXdsOnDemand);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ns/name")]
    [InlineData("ns/name/sa/more")]
    [InlineData("ns//sa")]
    [Trait("behaviour", "ZT-25")]
    public void Dedicated_NeedsItsWorkload(string? info)
    {
        List<(string, string)> variables = [("PROXY_MODE", "dedicated")];
        if (info is not null)
        {
            variables.Add(("PROXY_WORKLOAD_INFO", info));
        }

        Assert.Equal("PROXY_WORKLOAD_INFO", Assert.Single(Parse([.. variables]).Errors).Variable);
        ZtunnelSettings good = Good([("PROXY_MODE", "dedicated"), ("PROXY_WORKLOAD_INFO", "shop/cart-0/cart")]);
        Assert.Equal(new WorkloadReference("shop", "cart-0", "cart"), good.DedicatedWorkload);
        Assert.Equal(0u, good.PacketMark);
    }

    [Theory]
    [InlineData("30", 25)]
    [InlineData("11", 6)]
    [InlineData("10", 9)]
    [InlineData("1", 1)]
    [InlineData("0", 1)]
    [Trait("behaviour", "ZT-26")]
    public void Grace_GivesTheDrainTime(string grace, int seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), Good([("TERMINATION_GRACE_PERIOD_SECONDS", grace)]).DrainTime);
        Assert.Equal(TimeSpan.FromSeconds(7), Good([("TERMINATION_GRACE_PERIOD_SECONDS", grace), ("CONNECTION_TERMINATION_DEADLINE", "7s")]).DrainTime);
    }

    [Fact]
    public void EveryError_IsReportedAtOnce()
    {
        (string Name, string Value)[] wrong =
        [
            ("PROXY_MODE", "both"), ("ENABLE_PROXY", "yes"), ("FAKE_CA", "TRUE"), ("SECRET_TTL", "soon"), ("PACKET_MARK", "-1"), ("ENABLE_ORIG_SRC", "1"),
            ("HTTP2_STREAM_WINDOW_SIZE", "4MB"), ("HTTP2_FRAME_SIZE", "100"), ("POOL_MAX_STREAMS_PER_CONNECTION", "70000"), ("KEEPALIVE_RETRIES", "0"),
            ("CONNECTION_TERMINATION_DEADLINE", "5 apples"), ("TERMINATION_GRACE_PERIOD_SECONDS", "-1"), ("ZTUNNEL_WORKER_THREADS", "101%"), ("ZTUNNEL_CPU_LIMIT", "0"),
            ("ZTUNNEL_RESOURCE_CPU_REQUEST", "0"), ("RUST_LOG", "loud"), ("LOG_FORMAT", "xml"), ("XDS_ADDRESS", "http://istiod:15010"), ("CA_ADDRESS", ""),
            ("LOCAL_XDS_PATH", "/not/there"), ("ISTIO_METAJSON_LABELS", "{"), ("PROXY_CONFIG", "[]"),
        ];
        SettingsResult result = Parse(wrong);
        Assert.Null(result.Settings);
        Assert.Equal(wrong.Select(w => w.Name).Order(StringComparer.Ordinal), result.Errors.Select(e => e.Variable).Order(StringComparer.Ordinal));
        Assert.All(result.Errors, e => Assert.False(string.IsNullOrEmpty(e.Reason) || string.IsNullOrEmpty(e.Allowed)));
        Assert.Contains("invalid env var ENABLE_PROXY=yes (not a boolean); allowed: true or false", result.Errors.Select(e => e.ToString()));
    }

    [Fact]
    public void ProxyAndDnsBothOff_Fails() =>
        Assert.Equal("ENABLE_PROXY", Assert.Single(Parse([("ENABLE_PROXY", "false"), ("ISTIO_META_DNS_CAPTURE", "false")]).Errors).Variable);

    [Theory]
    [InlineData("istiod:15012", "https://istiod:15012/")]
    [InlineData("https://istiod:15012", "https://istiod:15012/")]
    [InlineData("", null)]
    public void XdsAddress_GetsItsScheme(string text, string? expected) => Assert.Equal(expected, Good([("XDS_ADDRESS", text)]).Xds.Address?.ToString());

    [Fact]
    public void InCluster_TheControlPlaneHasItsUsualName()
    {
        ZtunnelSettings s = Good([("KUBERNETES_SERVICE_HOST", "10.0.0.1")], MeshFile);
        Assert.Equal(new Uri("https://istiod.istio-system.svc:15012"), s.CertificateAuthority.Address);
        Assert.Equal(new Uri("https://istiod.elsewhere:15012"), s.Xds.Address);
    }

    [Fact]
    public void FakeCa_NeedsNoAddress()
    {
        ZtunnelSettings s = Good([("FAKE_CA", "true"), ("CA_ADDRESS", ""), ("FAKE_CA_DIR", "/tmp/ca")]);
        Assert.Null(s.CertificateAuthority.Address);
        Assert.Equal("/tmp/ca", s.FakeCaDirectory);
    }

    [Fact]
    public void Roots_AndToken_AreFileSystemOrInline()
    {
        ZtunnelSettings s = Good([("XDS_ROOT_CA", "SYSTEM"), ("CA_ROOT_CA", "-----BEGIN CERTIFICATE-----\nx"), ("AUTH_TOKEN", "s3cret")]);
        Assert.Equal(RootSourceKind.System, s.Xds.Roots.Kind);
        Assert.Equal(RootSourceKind.Inline, s.CertificateAuthority.Roots.Kind);
        Assert.Equal("s3cret", s.Token!.Literal);
        Assert.DoesNotContain("s3cret", s.Token.ToString(), StringComparison.Ordinal);
        SettingsHost host = new() { FileExists = path => path == "/token" };
        Assert.Equal("/token", ZtunnelSettings.Parse(new Dictionary<string, string> { ["AUTH_TOKEN"] = "/token" }, host).Settings!.Token!.Path);
    }

    [Fact]
    public void Text_ShowsNoSecret()
    {
        ZtunnelSettings s = Good([("XDS_HEADER_AUTHORIZATION", "s3cret-header"), ("AUTH_TOKEN", "s3cret-token"), ("CA_HEADER_KEY", "s3cret-key")]);
        string text = SettingsJson.ToText(s);
        Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
        Assert.Contains("\"xdsHeaders\":[[\"AUTHORIZATION\",\"***\"]]", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5s", 5_000)]
    [InlineData("2m30s", 150_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("90", 90_000)]
    [InlineData("1500ms", 1_500)]
    [InlineData("1d", 86_400_000)]
    [InlineData("1h 30m", 5_400_000)]
    [InlineData("", -1)]
    [InlineData("-5s", -1)]
    [InlineData("5x", -1)]
    [InlineData("s", -1)]
    [InlineData("1h5", -1)]
    [InlineData("99999999999999999999s", -1)]
    [InlineData("9999999999h", -1)]
    public void Duration_IsRead(string text, int milliseconds)
    {
        Assert.Equal(milliseconds >= 0, DurationText.TryParse(text, out TimeSpan duration));
        Assert.Equal(Math.Max(0, milliseconds), duration.TotalMilliseconds);
    }

    [Fact]
    public void AnyText_NeverThrows()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        string alphabet = "0123456789hmsd%.-:/[]{}, \t\nabcTRUEtruefalse\"'&*!|>";
        for (int i = 0; i < 5_000; i++)
        {
            string text = new([.. Enumerable.Range(0, random.Next(0, 30)).Select(_ => alphabet[random.Next(alphabet.Length)])]);
            _ = DurationText.TryParse(text, out _);
            _ = WorkerThreads.Quantity(text);
            _ = WorkerThreads.Count(text, null, 4, null, null);
            _ = DnsAddress.Parse(text);
            _ = WorkloadReference.Parse(text);
            _ = LogDirectives.TryParse(text, out _, out _);
            ProxyConfig? config = ProxyConfig.Parse(text, random.Next(2) == 0 ? "defaultConfig" : null, out string? error);
            Assert.True((config is null) == (error is not null), $"seed {seed}: {text}");
        }
    }

    private static ZtunnelSettings Good((string Name, string Value)[] variables, string? mesh = null)
    {
        SettingsResult result = Parse(variables, mesh);
        Assert.Empty(result.Errors);
        return result.Settings!;
    }

    private static SettingsResult Parse((string Name, string Value)[] variables, string? mesh = null, int cores = 2)
        => ZtunnelSettings.Parse(variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal), new SettingsHost { MeshConfig = mesh, LogicalCores = cores });
}
