namespace Ambient.Ztunnel.Settings;

/// <summary>The ports of ztunnel (ztunnel.md 1.1).</summary>
public static class Ports
{
    /// <summary>Connections that leave a pod.</summary>
    public const ushort Outbound = 15001;

    /// <summary>Plain connections that enter a pod.</summary>
    public const ushort InboundPlaintext = 15006;

    /// <summary>HBONE.</summary>
    public const ushort Inbound = 15008;

    /// <summary>DNS proxy.</summary>
    public const ushort Dns = 15053;

    /// <summary>SOCKS5.</summary>
    public const ushort Socks = 15080;

    /// <summary>Admin server.</summary>
    public const ushort Admin = 15000;

    /// <summary>Metrics server.</summary>
    public const ushort Stats = 15020;

    /// <summary>Readiness server.</summary>
    public const ushort Readiness = 15021;
}
