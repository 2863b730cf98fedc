namespace Ambient.Ztunnel.Pods;

/// <summary>A running proxy of one pod. Thread-safe; every member may be called at any time and more than once.</summary>
public interface IPodProxy
{
    /// <summary>Whether listeners and connections are all closed. Never faults.</summary>
    Task Completion { get; }

    /// <summary>Connections that are open now, both directions.</summary>
    int ConnectionCount { get; }

    /// <summary>
    /// Closes listeners and cuts connections at once: the pod is gone. When this returns, the ports are free again; the
    /// cutting of connections may go on until <see cref="Completion"/>.
    /// </summary>
    void StopNow();

    /// <summary>Those of <see cref="ConnectionCount"/> that were open at <see cref="BeginSuccession"/>.</summary>
    int ElderCount { get; }

    /// <summary>The process is to end, but goes on for now: from here on it is known who was there before.</summary>
    void BeginSuccession();

    /// <summary>Accepts no more and lets connections end; <see cref="Completion"/> follows, if need be after <see cref="StopNow"/>.</summary>
    void Drain();

    /// <summary>The time to drain is over: cuts the connections that are left and completes. Before <see cref="Drain"/> it does nothing.</summary>
    void EndDrain();
}
