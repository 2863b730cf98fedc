using Ambient.Dns.Upstreams;
using Ambient.Hbone.Sessions;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Routing;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Dns.Serving;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Proxying;

/// <summary>From what the operator wrote to what the data path uses.</summary>
internal static class ProxyOptionsMapping
{
    private const string ResolverFile = "/etc/resolv.conf";

    /// <summary>The data path's options.</summary>
    public static ProxyOptions From(ZtunnelSettings settings) => new()
    {
        Network = settings.Network,
        IPv6 = settings.IsIPv6Enabled,
        PreserveSource = settings.OriginalSource switch
        {
            OriginalSourceMode.Never => false,
            OriginalSourceMode.Required => true,
            _ => null,
        },
        LoopbackApplicationTunnel = settings.IsLocalhostAppTunnel,
        ResponseBaggage = settings.IsResponseBaggageEnabled,
        IsSocksEnabled = settings.IsSocksEnabled,
        IllegalPorts = settings.IsSocksEnabled ? IllegalPorts.WithSocks : IllegalPorts.Default,
        IsProxyEnabled = settings.IsProxyEnabled,
        PolicyLogLevel = settings.IsPolicyLoggedAtInfo ? LogLevel.Info : LogLevel.Debug,
        DrainTime = settings.DrainTime,
        Sockets = Sockets(settings),
        Hbone = new HboneSettings
        {
            StreamWindow = settings.Tunnels.StreamWindow,
            ConnectionWindow = settings.Tunnels.ConnectionWindow,
            FrameSize = settings.Tunnels.FrameSize,
            PoolMaxStreams = settings.Tunnels.PoolMaxStreams,
            PoolIdle = settings.Tunnels.PoolIdle,
        },
    };

    /// <summary>The DNS proxy's settings.</summary>
    /// <exception cref="InvalidDataException">The machine's resolver file is of no use.</exception>
    public static DnsSettings Dns(ZtunnelSettings settings)
    {
        ushort port = (ushort)settings.DnsAddress.Port;
        List<SocketAddress> addresses = [];
        if (settings.DnsAddress.Address is { } address)
        {
            addresses.Add(SocketAddress.From(address.GetAddressBytes(), port));
        }
        else
        {
            addresses.Add(SocketAddress.LoopbackIPv4.WithPort(port));
            if (settings.IsIPv6Enabled && settings.HasIPv6Loopback)
            {
                addresses.Add(SocketAddress.LoopbackIPv6.WithPort(port));
            }
        }

        return new DnsSettings { Resolver = ResolverConfiguration.Read(ResolverFile, "ISTIO_META_DNS_CAPTURE=false starts without the DNS proxy"), Addresses = addresses };
    }

    // Several loops listen on one port in any case, so the ports are always shared; the switch decides about other processes only by uid.
    private static SocketOptions Sockets(ZtunnelSettings settings) => new()
    {
        Mark = settings.PacketMark,
        ReusePort = true,
        Transparent = settings.OriginalSource switch
        {
            OriginalSourceMode.Never => TransparentMode.Never,
            OriginalSourceMode.Required => TransparentMode.Required,
            _ => TransparentMode.BestEffort,
        },
        KeepAlive = settings.KeepAlive.IsEnabled ? new KeepAlive(settings.KeepAlive.Time, settings.KeepAlive.Interval, settings.KeepAlive.Retries) : null,
        UserTimeout = settings.KeepAlive.HasUserTimeout,
    };
}
