namespace Ambient.Cni.Agent.Zds;

/// <summary>Bounds of a conversation with a ztunnel. Immutable.</summary>
public sealed record ZdsTimings
{
    /// <summary>How long a new connection may take for its hello.</summary>
    public TimeSpan Hello { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the oldest message may wait for its ack.</summary>
    public TimeSpan Ack { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Messages that may be under way at once on one connection. 1 is what upstream's agent does.</summary>
    public int Window { get; init; } = 64;

    /// <summary>Connections at once; more are closed at once.</summary>
    public int MaxConnections { get; init; } = 8;
}
