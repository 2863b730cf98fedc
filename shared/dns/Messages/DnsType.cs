namespace Ambient.Dns.Messages;

/// <summary>Record types that matter here, and names for those of a metric label.</summary>
public static class DnsType
{
    /// <summary>IPv4 address.</summary>
    public const ushort A = 1;

    /// <summary>Name server.</summary>
    public const ushort Ns = 2;

    /// <summary>Canonical name.</summary>
    public const ushort Cname = 5;

    /// <summary>IPv6 address (RFC 3596).</summary>
    public const ushort Aaaa = 28;

    /// <summary>Extensions of the message itself (RFC 6891).</summary>
    public const ushort Opt = 41;

    /// <summary>
    /// Lower-case name for labels and logs; "unknown" for types that hardly occur, because the number comes from the
    /// application and must not make 65 536 time series.
    /// </summary>
    public static string Name(ushort type) => type switch
    {
        A => "a",
        Ns => "ns",
        Cname => "cname",
        6 => "soa",
        12 => "ptr",
        13 => "hinfo",
        15 => "mx",
        16 => "txt",
        Aaaa => "aaaa",
        33 => "srv",
        35 => "naptr",
        43 => "ds",
        46 => "rrsig",
        47 => "nsec",
        48 => "dnskey",
        50 => "nsec3",
        52 => "tlsa",
        64 => "svcb",
        65 => "https",
        252 => "axfr",
        255 => "any",
        257 => "caa",
        _ => "unknown",
    };
}
