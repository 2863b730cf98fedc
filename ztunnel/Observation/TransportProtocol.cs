namespace Ambient.Ztunnel.Observation;

/// <summary>How a connection travels, as the connection listing of <c>config_dump</c> names it (ztunnel.md 10.7).</summary>
public enum TransportProtocol
{
    /// <summary>Plain TCP.</summary>
    Tcp,

    /// <summary>A CONNECT stream over mutual TLS.</summary>
    Hbone,

    /// <summary>HBONE inside HBONE, through a network gateway.</summary>
    DoubleHbone,
}
