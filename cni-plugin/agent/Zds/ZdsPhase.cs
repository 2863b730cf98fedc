namespace Ambient.Cni.Agent.Zds;

/// <summary>Where a conversation with one ztunnel stands.</summary>
internal enum ZdsPhase
{
    /// <summary>Connected; its hello is awaited.</summary>
    AwaitingHello = 0,

    /// <summary>It said hello; this agent does not know all pods yet, so nothing may be told.</summary>
    AwaitingPods = 1,

    /// <summary>The pods of the snapshot are being told.</summary>
    Synchronising = 2,

    /// <summary>The end of the snapshot is acknowledged; changes are told as they come.</summary>
    Settled = 3,

    /// <summary>Over.</summary>
    Closed = 4,
}
