namespace Ambient.Ztunnel.Socks;

/// <summary>Limits of the SOCKS5 port. Immutable.</summary>
public sealed record SocksSettings
{
    /// <summary>Handshakes under way, per loop; more are refused.</summary>
    public int MaxHandshakes { get; init; } = 1024;

    /// <summary>How long a handshake may take, with the resolution of the name.</summary>
    public TimeSpan HandshakeLimit { get; init; } = TimeSpan.FromSeconds(10);
}
