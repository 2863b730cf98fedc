namespace Ambient.Ztunnel.Socks;

/// <summary>Reply codes of RFC 1928 section 6, as far as they are used (ztunnel.md 3.13).</summary>
public enum SocksReply
{
    /// <summary>Granted; sent before the connection is made.</summary>
    Succeeded = 0,

    /// <summary>Something of ours failed.</summary>
    GeneralFailure = 1,

    /// <summary>The name has no address.</summary>
    HostUnreachable = 4,

    /// <summary>Every violation of the protocol.</summary>
    NotSupported = 7,
}
