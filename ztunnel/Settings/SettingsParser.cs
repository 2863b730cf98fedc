using System.Globalization;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Settings;

/// <summary>Turns the environment and the mesh config into settings. Used once.</summary>
internal sealed class SettingsParser(IReadOnlyDictionary<string, string> environment, SettingsHost host)
{
    private const string MetadataPrefix = "ISTIO_META_";
    private const string MetadataJsonPrefix = "ISTIO_METAJSON_";
    private readonly EnvironmentReader _read = new(environment);
    private readonly List<string> _warnings = [];

    public SettingsResult Parse()
    {
        ProxyConfig config = Config();
        SortedDictionary<string, string> metadata = Metadata(config);
        int? limit = Quantity("ZTUNNEL_RESOURCE_CPU_LIMIT");
        int? request = Quantity("ZTUNNEL_RESOURCE_CPU_REQUEST");
        int cores = limit ?? _read.OptionalNumber("ZTUNNEL_CPU_LIMIT", 1, 100_000) ?? host.LogicalCores;
        ProxyMode mode = Mode();
        bool fakeCa = _read.Flag("FAKE_CA", false);
        ControlPlaneParser endpoints = new(_read, host, _warnings);
        ZtunnelSettings settings = new()
        {
            Mode = mode,
            DedicatedWorkload = mode == ProxyMode.Dedicated ? DedicatedWorkload() : null,
            IsProxyEnabled = _read.Flag("ENABLE_PROXY", true),
            IsDnsEnabled = DnsCapture(metadata),
            DnsAddress = DnsAddressOf(metadata),
            Xds = endpoints.Xds(config.DiscoveryAddress),
            CertificateAuthority = endpoints.CertificateAuthority(fakeCa),
            Token = endpoints.Token(),
            IsXdsOnDemand = _read.Flag("XDS_ON_DEMAND", false),
            XdsSnapshotPath = _read.NonEmpty("XDS_SNAPSHOT_PATH"),
            XdsSnapshotWait = _read.Duration("XDS_SNAPSHOT_WAIT", TimeSpan.FromSeconds(10)),
            LocalModelPath = _read.NonEmpty("LOCAL_XDS_PATH"),
            LocalModel = _read.NonEmpty("LOCAL_XDS"),
            IsFakeCa = fakeCa,
            FakeCaDirectory = _read.NonEmpty("FAKE_CA_DIR"),
            SecretTimeToLive = _read.Duration("SECRET_TTL", TimeSpan.FromHours(24)),
            ClusterId = environment.GetValueOrDefault(MetadataPrefix + "CLUSTER_ID") ?? _read.Text("CLUSTER_ID") ?? "Kubernetes",
            ClusterDomain = _read.Text("CLUSTER_DOMAIN") ?? "cluster.local",
            Network = _read.Text("NETWORK") ?? string.Empty,
            NodeName = _read.Text("NODE_NAME") ?? string.Empty,
            PreferredServiceNamespace = _read.NonEmpty("PREFERED_SERVICE_NAMESPACE"),
            PodName = _read.Text("POD_NAME") ?? string.Empty,
            PodNamespace = _read.Text("POD_NAMESPACE") ?? string.Empty,
            ServiceAccount = _read.Text("SERVICE_ACCOUNT") ?? string.Empty,
            InstanceIp = _read.NonEmpty("INSTANCE_IP") ?? "1.1.1.1",
            TrustDomain = _read.NonEmpty("TRUST_DOMAIN") ?? "cluster.local",
            AgentSocketPath = _read.NonEmpty("INPOD_UDS") ?? "/var/run/ztunnel/ztunnel.sock",
            IsPortReuseEnabled = _read.Flag("INPOD_PORT_REUSE", true),
            PacketMark = PacketMark(mode),
            OriginalSource = OriginalSource(),
            IsLocalhostAppTunnel = _read.Flag("LOCALHOST_APP_TUNNEL", true),
            IsResponseBaggageEnabled = _read.Flag("ENABLE_RESPONSE_BAGGAGE", true),
            IsSocksEnabled = _read.Flag("UNSTABLE_ENABLE_SOCKS5", false),
            IsIPv6Enabled = _read.Flag("IPV6_ENABLED", true),
            HasIPv6Loopback = host.HasIPv6Loopback,
            CrlPath = _read.NonEmpty("CRL_PATH"),
            IsCrlStrict = _read.Flag("CRL_STRICT", false),
            Tunnels = Tunnels(),
            KeepAlive = KeepAlive(),
            DrainTime = DrainTime(),
            WorkerThreadCount = Workers(config.Concurrency, cores, limit, request),
            LogDirectives = Directives(),
            LogFormat = Format(),
            IsPolicyLoggedAtInfo = _read.Flag("AUTHZ_POLICY_INFO_LOGGING", false),
            AdminPort = config.ProxyAdminPort ?? Ports.Admin,
            StatsPort = config.StatsPort ?? Ports.Stats,
            ProxyMetadata = metadata,
            NodeMetadataJson = NodeMetadata(),
            MeshVersion = _read.NonEmpty(MetadataPrefix + "ISTIO_VERSION") ?? "unknown",
            Arguments = host.Arguments,
        };
        CheckTogether(settings);
        return new SettingsResult(_read.Errors.Count == 0 ? settings : null, _read.Errors, _warnings);
    }

    private void CheckTogether(ZtunnelSettings settings)
    {
        if (settings.IsXdsOnDemand && settings.IsDnsEnabled)
        {
            _read.Fail("XDS_ON_DEMAND", "on-demand xDS cannot serve the DNS proxy, which needs all services", "false while the DNS proxy is on", "set ISTIO_META_DNS_CAPTURE=false to use it");
        }

        if (settings.IsXdsOnDemand && settings.XdsSnapshotPath is not null)
        {
            _read.Fail("XDS_SNAPSHOT_PATH", "a snapshot needs the whole mesh, and XDS_ON_DEMAND asks for parts of it", "unset while XDS_ON_DEMAND is true");
        }

        if (!settings.IsProxyEnabled && !settings.IsDnsEnabled)
        {
            _read.Fail("ENABLE_PROXY", "neither the proxy nor the DNS proxy is on", "true, or DNS capture on");
        }

        if (settings.LocalModel is not null && settings.LocalModelPath is not null)
        {
            _read.Fail("LOCAL_XDS", "LOCAL_XDS_PATH is set too", "one of LOCAL_XDS and LOCAL_XDS_PATH");
        }

        if (settings.LocalModelPath is { } path && !host.FileExists(path))
        {
            _read.Fail("LOCAL_XDS_PATH", "no such file", "path of a readable YAML file");
        }

        if (!settings.IsPortReuseEnabled)
        {
            _warnings.Add("INPOD_PORT_REUSE=false has no effect: the worker threads of one process share each port");
        }

        foreach (string off in (string[])["TLS12_ENABLED", "COMPLIANCE_POLICY"])
        {
            if (_read.Text(off) is "true" or "pqc")
            {
                _warnings.Add($"{off}={_read.Text(off)} has no effect: tunnels are TLS 1.3 only, post-quantum key exchange is preferred when the library has it");
            }
        }
    }

    private ProxyConfig Config()
    {
        ProxyConfig config = new();
        if (host.MeshConfig is { } file)
        {
            ProxyConfig? read = ProxyConfig.Parse(file, "defaultConfig", out string? error);
            if (error is not null)
            {
                _read.Errors.Add(new SettingError("mesh config", SettingsHost.MeshConfigPath, error, "a YAML file with the key defaultConfig"));
            }

            config = read ?? config;
        }

        if (_read.NonEmpty("PROXY_CONFIG") is { } text)
        {
            ProxyConfig? read = ProxyConfig.Parse(text, null, out string? error);
            if (error is not null)
            {
                _read.Fail("PROXY_CONFIG", error, "a ProxyConfig as YAML or JSON");
            }

            config = read is null ? config : config.OverlaidBy(read);
        }

        return config;
    }

    private SortedDictionary<string, string> Metadata(ProxyConfig config)
    {
        SortedDictionary<string, string> metadata = new(StringComparer.Ordinal);
        foreach ((string key, string value) in config.ProxyMetadata)
        {
            metadata[key.StartsWith(MetadataPrefix, StringComparison.Ordinal) ? key[MetadataPrefix.Length..] : key] = value;
        }

        foreach ((string key, string value) in _read.WithPrefix(MetadataPrefix))
        {
            metadata[key] = value;
        }

        return metadata;
    }

    private SortedDictionary<string, string> NodeMetadata()
    {
        SortedDictionary<string, string> metadata = new(StringComparer.Ordinal);
        foreach ((string key, string value) in _read.WithPrefix(MetadataJsonPrefix))
        {
            try
            {
                using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(value);
                metadata[key] = value;
            }
            catch (System.Text.Json.JsonException)
            {
                _read.Fail(MetadataJsonPrefix + key, "not JSON", "a JSON value");
            }
        }

        return metadata;
    }

    private ProxyMode Mode()
    {
        switch (_read.Text("PROXY_MODE"))
        {
            case null or "shared":
                return ProxyMode.Shared;
            case "dedicated":
                return ProxyMode.Dedicated;
            default:
                _read.Fail("PROXY_MODE", "unknown mode", "shared or dedicated");
                return ProxyMode.Shared;
        }
    }

    private WorkloadReference? DedicatedWorkload()
    {
        WorkloadReference? workload = _read.Text("PROXY_WORKLOAD_INFO") is { } text ? WorkloadReference.Parse(text) : null;
        if (workload is null)
        {
            _read.Fail("PROXY_WORKLOAD_INFO", "dedicated mode must know its workload", "namespace/name/service-account", "or use PROXY_MODE=shared");
        }

        return workload;
    }

    private static bool DnsCapture(SortedDictionary<string, string> metadata)
        => !metadata.TryGetValue("DNS_CAPTURE", out string? capture) || string.Equals(capture, "true", StringComparison.OrdinalIgnoreCase);

    private DnsAddress DnsAddressOf(SortedDictionary<string, string> metadata)
    {
        DnsAddress usual = new(null, Ports.Dns);
        if (!metadata.TryGetValue("DNS_PROXY_ADDR", out string? text))
        {
            return usual;
        }

        if (DnsAddress.Parse(text) is { } address)
        {
            return address;
        }

        _read.Errors.Add(new SettingError("DNS_PROXY_ADDR", text, $"failed to parse DNS_PROXY_ADDR: {text}", "localhost:<port> or <address>:<port>"));
        return usual;
    }

    private uint PacketMark(ProxyMode mode)
    {
        if (_read.Text("PACKET_MARK") is not { } text)
        {
            return mode == ProxyMode.Shared ? 1337u : 0u;
        }

        if (!uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint mark))
        {
            _read.Fail("PACKET_MARK", "not a mark", "a whole number from 0 to 4294967295; 0 sets no mark");
        }

        return mark;
    }

    private OriginalSourceMode OriginalSource() => _read.Flag("ENABLE_ORIG_SRC") switch
    {
        true => OriginalSourceMode.Required,
        false => OriginalSourceMode.Never,
        null => OriginalSourceMode.BestEffort,
    };

    private TunnelSettings Tunnels() => new(
        _read.Number("HTTP2_STREAM_WINDOW_SIZE", 4 * 1024 * 1024, 65_535, int.MaxValue),
        _read.Number("HTTP2_CONNECTION_WINDOW_SIZE", 16 * 1024 * 1024, 65_535, int.MaxValue),
        _read.Number("HTTP2_FRAME_SIZE", 1024 * 1024, 16_384, (1 << 24) - 1),
        _read.Number("POOL_MAX_STREAMS_PER_CONNECTION", 100, 1, ushort.MaxValue),
        _read.Duration("POOL_UNUSED_RELEASE_TIMEOUT", TimeSpan.FromMinutes(5)));

    private KeepAliveSettings KeepAlive() => new(
        _read.Flag("KEEPALIVE_ENABLED", true),
        _read.Duration("KEEPALIVE_TIME", TimeSpan.FromSeconds(180)),
        _read.Duration("KEEPALIVE_INTERVAL", TimeSpan.FromSeconds(180)),
        _read.Number("KEEPALIVE_RETRIES", 9, 1, 127),
        _read.Flag("USER_TIMEOUT_ENABLED", false));

    private TimeSpan DrainTime()
    {
        int? grace = _read.OptionalNumber("TERMINATION_GRACE_PERIOD_SECONDS", 0, 1_000_000);
        if (_read.OptionalDuration("CONNECTION_TERMINATION_DEADLINE") is { } deadline)
        {
            return deadline;
        }

        // Room for the process' own end before the kubelet kills it; at least a second, also for a grace of 0.
        return TimeSpan.FromSeconds(grace is { } seconds ? Math.Max(1, seconds > 10 ? seconds - 5 : seconds - 1) : 5);
    }

    private int Workers(int? concurrency, int cores, int? limit, int? request)
    {
        if (WorkerThreads.Count(_read.NonEmpty("ZTUNNEL_WORKER_THREADS"), concurrency, cores, limit, request) is { } count)
        {
            return count;
        }

        _read.Fail("ZTUNNEL_WORKER_THREADS", "not a thread count", WorkerThreads.Allowed);
        return 1;
    }

    private int? Quantity(string name)
    {
        if (_read.NonEmpty(name) is not { } text)
        {
            return null;
        }

        int? cores = WorkerThreads.Quantity(text);
        if (cores is null)
        {
            _read.Fail(name, "not a CPU quantity", "a Kubernetes quantity above 0 such as 2, 1.5 or 500m");
        }

        return cores;
    }

    private LogDirectives Directives()
    {
        if (LogDirectives.TryParse(_read.Text("RUST_LOG"), out LogDirectives? directives, out string? part))
        {
            return directives;
        }

        _read.Fail("RUST_LOG", $"cannot read '{part}'", "a comma list of level or target=level; levels off, error, warn, info, debug, trace");
        return LogDirectives.Default;
    }

    private LogFormat Format()
    {
        switch (_read.Text("LOG_FORMAT"))
        {
            case null or "" or "plain":
                return LogFormat.Plain;
            case "json":
                return LogFormat.Json;
            default:
                _read.Fail("LOG_FORMAT", "unknown format", "plain or json");
                return LogFormat.Plain;
        }
    }
}
