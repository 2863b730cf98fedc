namespace Ambient.Linux.Netfilter;

/// <summary>Where a packet is met on its way.</summary>
public enum NftHook
{
    /// <summary>Before the routing decision.</summary>
    Prerouting = 0,

    /// <summary>On its way to a socket.</summary>
    Input = 1,

    /// <summary>On its way through.</summary>
    Forward = 2,

    /// <summary>Just sent by a socket.</summary>
    Output = 3,

    /// <summary>About to leave.</summary>
    Postrouting = 4,
}
