namespace Ambient.Component.Tests.Redirection;

/// <summary>Every way in which a pod's rules can be written.</summary>
public enum PodRules
{
    /// <summary>Translation in one nftables table.</summary>
    Nftables,

    /// <summary>Translation by iptables on nf_tables.</summary>
    IptablesNft,

    /// <summary>Translation by the old iptables.</summary>
    IptablesLegacy,

    /// <summary>Routes and transparent sockets, with nftables.</summary>
    Sockets,
}
