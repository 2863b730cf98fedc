namespace Ambient.Linux.Sockets;

/// <summary>Options of the sockets of one pod (ztunnel.md 1.3). Immutable.</summary>
public sealed record SocketOptions
{
    /// <summary>SO_MARK on every socket; 0 sets none.</summary>
    public uint Mark { get; init; }

    /// <summary>SO_REUSEPORT before bind, on listeners only: failing is ignored on TCP and an error on UDP.</summary>
    public bool ReusePort { get; init; }

    /// <summary>IP_TRANSPARENT on TCP listeners.</summary>
    public TransparentMode Transparent { get; init; } = TransparentMode.BestEffort;

    /// <summary>Keepalive of connections, or null for none.</summary>
    public KeepAlive? KeepAlive { get; init; }

    /// <summary>Also TCP_USER_TIMEOUT = time + retries × interval; needs <see cref="KeepAlive"/>.</summary>
    public bool UserTimeout { get; init; }
}
