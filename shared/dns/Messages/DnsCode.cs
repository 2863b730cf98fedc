namespace Ambient.Dns.Messages;

/// <summary>Response codes (RFC 1035 4.1.1).</summary>
public enum DnsCode
{
    /// <summary>NOERROR.</summary>
    NoError = 0,

    /// <summary>FORMERR: the query could not be understood.</summary>
    FormatError = 1,

    /// <summary>SERVFAIL: no answer could be had.</summary>
    ServerFailure = 2,

    /// <summary>NXDOMAIN: there is no such name.</summary>
    NameError = 3,

    /// <summary>NOTIMP: the operation is not offered.</summary>
    NotImplemented = 4,

    /// <summary>REFUSED.</summary>
    Refused = 5,
}
