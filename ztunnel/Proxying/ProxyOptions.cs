using Ambient.Hbone.Sessions;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Routing;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Proxying;

/// <summary>What the data path needs of the settings. Immutable.</summary>
internal sealed record ProxyOptions
{
    /// <summary>Own network.</summary>
    public string Network { get; init; } = "";

    /// <summary>Options of every socket made in a pod.</summary>
    public SocketOptions Sockets { get; init; } = new();

    /// <summary>Sessions and their pool.</summary>
    public HboneSettings Hbone { get; init; } = new();

    /// <summary>Whether wildcard listeners are dual stack.</summary>
    public bool IPv6 { get; init; } = true;

    /// <summary>Whether sources are preserved; null: when the listener could be made transparent.</summary>
    public bool? PreserveSource { get; init; }

    /// <summary>Whether applications behind a PROXY tunnel are dialled on loopback.</summary>
    public bool LoopbackApplicationTunnel { get; init; } = true;

    /// <summary>Whether a 200 describes the destination workload, and requests' descriptions are read.</summary>
    public bool ResponseBaggage { get; init; } = true;

    /// <summary>Whether applications may use the SOCKS5 port (ztunnel.md 3.13).</summary>
    public bool IsSocksEnabled { get; init; }

    /// <summary>Whether traffic is proxied at all; otherwise only DNS is.</summary>
    public bool IsProxyEnabled { get; init; } = true;

    /// <summary>The level at which the policies' verdicts are logged.</summary>
    public LogLevel PolicyLogLevel { get; init; } = LogLevel.Debug;

    /// <summary>Ports that lead back to the proxy.</summary>
    public IllegalPorts IllegalPorts { get; init; } = IllegalPorts.Default;

    /// <summary>How long a drain may take.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection waits for its own workload to appear in the view (ztunnel.md 3.1).</summary>
    public TimeSpan WorkloadWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a TCP connect may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
