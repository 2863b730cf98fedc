namespace Ambient.Cni.Redirection;

/// <summary>Which tool of the kernel holds the rules.</summary>
public enum RedirectionBackEnd
{
    /// <summary>One nftables table; the default wherever nft is.</summary>
    Nftables = 0,

    /// <summary>iptables on nf_tables.</summary>
    IptablesNft = 1,

    /// <summary>The old iptables.</summary>
    IptablesLegacy = 2,
}
