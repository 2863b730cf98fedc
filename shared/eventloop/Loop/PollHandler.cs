using Ambient.Linux.Sockets;

namespace Ambient.EventLoop;

/// <summary>The owner of one descriptor on a loop. Loop-affine.</summary>
public abstract class PollHandler : ILoopFault
{
    /// <summary>Its place in the loop's table, −1 while it is not registered.</summary>
    internal int Slot = -1;

    /// <summary>The loop it is registered with; stays set after Unregister.</summary>
    protected internal EventLoop Loop { get; internal set; } = null!;

    /// <summary>The descriptor, owned by this handler; −1 when there is none.</summary>
    public int Descriptor { get; protected internal set; } = -1;

    /// <summary>Whether the loop watches the descriptor.</summary>
    public bool IsRegistered => Slot >= 0;

    /// <summary>Readiness changed (edge-triggered: read or write until EAGAIN, or queue for more).</summary>
    protected internal abstract void OnEvents(PollEvents events);

    /// <summary>Its code threw. The base class unregisters and resets the connection; override to release more.</summary>
    public virtual void OnFault(Exception exception) => CloseDescriptor(reset: true);

    /// <summary>Unregisters and closes the descriptor, once; with a RST instead of a FIN if asked.</summary>
    protected internal void CloseDescriptor(bool reset)
    {
        int fd = Descriptor;
        if (fd < 0)
        {
            return;
        }

        if (Slot >= 0)
        {
            Loop.Unregister(this);
        }

        Descriptor = -1;
        _ = reset ? SocketIo.CloseWithReset(fd) : SocketIo.Close(fd);
    }
}
