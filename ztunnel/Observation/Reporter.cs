namespace Ambient.Ztunnel.Observation;

/// <summary>Which side of a connection reports it (label <c>reporter</c>, ztunnel.md 10.3).</summary>
public enum Reporter
{
    /// <summary>The client's proxy: outbound and SOCKS5.</summary>
    Source,

    /// <summary>The server's proxy: inbound.</summary>
    Destination,
}
