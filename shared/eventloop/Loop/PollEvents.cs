namespace Ambient.EventLoop;

/// <summary>Readiness as epoll reports it; the values are those of sys/epoll.h.</summary>
[Flags]
public enum PollEvents : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Can be read.</summary>
    In = 1,

    /// <summary>Can be written.</summary>
    Out = 4,

    /// <summary>An error is pending; always reported.</summary>
    Error = 8,

    /// <summary>Both directions are closed; always reported.</summary>
    HangUp = 16,

    /// <summary>The peer will send no more. Edge-triggered: remember it, or the end of stream is lost after a short read.</summary>
    PeerClosed = 0x2000,
}
