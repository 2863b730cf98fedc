namespace Ambient.Linux.Netfilter;

/// <summary>What a table is about.</summary>
public enum NftFamily
{
    /// <summary>Packets of IPv4 and IPv6, on their way through the network stack.</summary>
    Inet = 1,

    /// <summary>Frames of interfaces, whoever made them.</summary>
    Netdev = 5,
}
