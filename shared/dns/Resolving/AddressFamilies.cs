namespace Ambient.Dns.Resolving;

/// <summary>Which addresses are asked for.</summary>
[Flags]
public enum AddressFamilies
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>A records.</summary>
    IPv4 = 1,

    /// <summary>AAAA records.</summary>
    IPv6 = 2,
}
