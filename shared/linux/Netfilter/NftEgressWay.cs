namespace Ambient.Linux.Netfilter;

/// <summary>What a kernel has of chains that frames meet when they leave by an interface. In order: who has one has those after it.</summary>
public enum NftEgressWay
{
    /// <summary>They wait for interfaces by their names as well, before these come (Linux 6.16).</summary>
    ThoseThatMayCome = 0,

    /// <summary>They hang on interfaces that are there (5.16).</summary>
    ThoseThatAreThere = 1,

    /// <summary>There are none.</summary>
    None = 2,
}
