using System.Text;
using System.Text.Json;

namespace Ambient.Ztunnel.Settings;

/// <summary>
/// The effective settings as <c>config_dump</c> shows them and as they are logged at start (ztunnel.md 10.7): members sorted,
/// values of extra headers and tokens never shown. Pure.
/// </summary>
public static class SettingsJson
{
    /// <summary>The settings on one line.</summary>
    public static string ToText(ZtunnelSettings settings)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            Write(json, settings);
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    /// <summary>Writes the object.</summary>
    public static void Write(Utf8JsonWriter json, ZtunnelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(settings);
        string any = settings.IsIPv6Enabled ? "[::]" : "0.0.0.0";
        json.WriteStartObject();
        Local(json, "adminAddr", settings, settings.AdminPort);
        json.WriteString("altCaHostname"u8, settings.CertificateAuthority.AlternativeHostname);
        json.WriteString("altXdsHostname"u8, settings.Xds.AlternativeHostname);
        json.WriteString("caAddress"u8, Address(settings.CertificateAuthority));
        Headers(json, "caHeaders", settings.CertificateAuthority);
        Roots(json, "caRootCert", settings.CertificateAuthority.Roots);
        json.WriteString("clusterDomain"u8, settings.ClusterDomain);
        json.WriteString("clusterId"u8, settings.ClusterId);
        json.WriteNumber("connectionWindowSize"u8, settings.Tunnels.ConnectionWindow);
        json.WriteString("crlPath"u8, settings.CrlPath);
        json.WriteBoolean("dnsProxy"u8, settings.IsDnsEnabled);
        Dns(json, settings);
        json.WriteNull("dnsResolverCfg"u8);
        json.WriteNull("dnsResolverOpts"u8);
        json.WriteBoolean("enableEnhancedBaggage"u8, settings.IsResponseBaggageEnabled);
        json.WriteBoolean("fakeCa"u8, settings.IsFakeCa);
        json.WriteBoolean("fakeSelfInbound"u8, false);
        json.WriteNumber("frameSize"u8, settings.Tunnels.FrameSize);
        json.WriteStartArray("illegalPorts"u8);
        foreach (ushort port in IllegalPorts(settings))
        {
            json.WriteNumberValue(port);
        }

        json.WriteEndArray();
        json.WriteString("inboundAddr"u8, $"{any}:{Ports.Inbound}");
        json.WriteString("inboundPlaintextAddr"u8, $"{any}:{Ports.InboundPlaintext}");
        json.WriteBoolean("inpodPortReuse"u8, settings.IsPortReuseEnabled);
        json.WriteString("inpodUds"u8, settings.AgentSocketPath);
        json.WriteBoolean("ipv6Enabled"u8, settings.IsIPv6Enabled);
        json.WriteString("localNode"u8, NullIfEmpty(settings.NodeName));
        json.WriteBoolean("localhostAppTunnel"u8, settings.IsLocalhostAppTunnel);
        json.WriteString("network"u8, settings.Network);
        json.WriteNumber("numWorkerThreads"u8, settings.WorkerThreadCount);
        json.WriteString("outboundAddr"u8, $"{any}:{Ports.Outbound}");
        WritePod(json, settings, any);
        json.WriteEndObject();
    }

    // From "packetMark" on; a second method only because one would be too long.
    private static void WritePod(Utf8JsonWriter json, ZtunnelSettings settings, string any)
    {
        if (settings.PacketMark == 0)
        {
            json.WriteNull("packetMark"u8);
        }
        else
        {
            json.WriteNumber("packetMark"u8, settings.PacketMark);
        }

        json.WriteNumber("poolMaxStreamsPerConn"u8, settings.Tunnels.PoolMaxStreams);
        Duration(json, "poolUnusedReleaseTimeout", settings.Tunnels.PoolIdle);
        json.WriteString("preferedServiceNamespace"u8, settings.PreferredServiceNamespace);
        json.WriteBoolean("proxy"u8, settings.IsProxyEnabled);
        json.WriteString("proxyArgs"u8, string.Join(' ', settings.Arguments));
        json.WriteStartObject("proxyMetadata"u8);
        foreach ((string key, string value) in settings.ProxyMetadata)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
        json.WriteString("proxyMode"u8, settings.Mode == ProxyMode.Shared ? "Shared" : "Dedicated");
        Workload(json, "proxyWorkloadInformation", settings.DedicatedWorkload);
        Socket(json, "readinessAddr", $"{any}:{settings.ReadinessPort}");
        if (settings.OriginalSource == OriginalSourceMode.BestEffort)
        {
            json.WriteNull("requireOriginalSource"u8);
        }
        else
        {
            json.WriteBoolean("requireOriginalSource"u8, settings.OriginalSource == OriginalSourceMode.Required);
        }

        Duration(json, "secretTtl", settings.SecretTimeToLive);
        Duration(json, "selfTerminationDeadline", settings.DrainTime);
        KeepAlive(json, settings.KeepAlive);
        json.WriteString("socks5Addr"u8, settings.IsSocksEnabled ? $"127.0.0.1:{Ports.Socks}" : null);
        Socket(json, "statsAddr", $"{any}:{settings.StatsPort}");
        json.WriteNumber("windowSize"u8, settings.Tunnels.StreamWindow);
        json.WriteString("xdsAddress"u8, Address(settings.Xds));
        Headers(json, "xdsHeaders", settings.Xds);
        json.WriteBoolean("xdsOnDemand"u8, settings.IsXdsOnDemand);
        Roots(json, "xdsRootCert", settings.Xds.Roots);
        json.WriteString("xdsSnapshotPath"u8, settings.XdsSnapshotPath);
        Duration(json, "xdsSnapshotWait", settings.XdsSnapshotWait);
        bool self = settings.HasSelfListener;
        json.WriteString("ztunnelIdentity"u8, self ? $"spiffe://{settings.TrustDomain}/ns/{settings.PodNamespace}/sa/{settings.ServiceAccount}" : null);
        Workload(json, "ztunnelWorkload", self ? new WorkloadReference(settings.PodNamespace, settings.PodName, settings.ServiceAccount) : null);
    }

    private static void KeepAlive(Utf8JsonWriter json, KeepAliveSettings settings)
    {
        json.WriteStartObject("socketConfig"u8);
        json.WriteBoolean("keepaliveEnabled"u8, settings.IsEnabled);
        Duration(json, "keepaliveInterval", settings.Interval);
        json.WriteNumber("keepaliveRetries"u8, settings.Retries);
        Duration(json, "keepaliveTime", settings.Time);
        json.WriteBoolean("userTimeoutEnabled"u8, settings.HasUserTimeout);
        json.WriteEndObject();
    }

    private static void Dns(Utf8JsonWriter json, ZtunnelSettings settings)
    {
        if (settings.DnsAddress.Address is { } address)
        {
            Socket(json, "dnsProxyAddr", new System.Net.IPEndPoint(address, settings.DnsAddress.Port).ToString());
        }
        else
        {
            Local(json, "dnsProxyAddr", settings, settings.DnsAddress.Port);
        }
    }

    private static void Local(Utf8JsonWriter json, string name, ZtunnelSettings settings, int port)
    {
        json.WriteStartObject(name);
        json.WriteStartArray("Localhost"u8);
        json.WriteBooleanValue(settings.IsIPv6Enabled && settings.HasIPv6Loopback);
        json.WriteNumberValue(port);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Socket(Utf8JsonWriter json, string name, string address)
    {
        json.WriteStartObject(name);
        json.WriteString("SocketAddr"u8, address);
        json.WriteEndObject();
    }

    private static void Duration(Utf8JsonWriter json, string name, TimeSpan duration)
    {
        json.WriteStartObject(name);
        json.WriteNumber("nanos"u8, duration.Ticks % TimeSpan.TicksPerSecond * 100);
        json.WriteNumber("secs"u8, duration.Ticks / TimeSpan.TicksPerSecond);
        json.WriteEndObject();
    }

    private static void Roots(Utf8JsonWriter json, string name, RootSource roots)
    {
        if (roots.Kind == RootSourceKind.System)
        {
            json.WriteString(name, "Default"u8);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString(roots.Kind == RootSourceKind.File ? "File" : "Static", roots.Value);
        json.WriteEndObject();
    }

    private static void Headers(Utf8JsonWriter json, string name, ControlPlaneSettings endpoint)
    {
        json.WriteStartArray(name);
        foreach ((string header, _) in endpoint.Headers)
        {
            json.WriteStartArray();
            json.WriteStringValue(header);
            json.WriteStringValue("***"u8);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void Workload(Utf8JsonWriter json, string name, WorkloadReference? workload)
    {
        if (workload is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("name"u8, workload.Name);
        json.WriteString("namespace"u8, workload.Namespace);
        json.WriteString("serviceAccount"u8, workload.ServiceAccount);
        json.WriteEndObject();
    }

    private static IEnumerable<ushort> IllegalPorts(ZtunnelSettings settings)
        => settings.IsSocksEnabled ? [Ports.Outbound, Ports.InboundPlaintext, Ports.Inbound, Ports.Socks] : [Ports.Outbound, Ports.InboundPlaintext, Ports.Inbound];

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static string? Address(ControlPlaneSettings endpoint) => endpoint.Address?.GetLeftPart(UriPartial.Authority);
}
