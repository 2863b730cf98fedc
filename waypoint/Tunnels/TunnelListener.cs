using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Telemetry.Logging;

namespace Ambient.Waypoint.Tunnels;

/// <summary>A port on one loop. When sockets cannot be accepted, as when descriptors have run out, it pauses: the kernel's queue holds the callers meanwhile. Loop-affine.</summary>
/// <param name="loop">The loop.</param>
/// <param name="begin">Takes an accepted socket.</param>
/// <param name="paused">Hears why callers wait, once in ten seconds at most.</param>
internal sealed class TunnelListener(WaypointLoop loop, Action<WaypointLoop, int, SocketAddress> begin, Action<SysResult> paused) : PollHandler, IReadyItem
{
    private const int PerTurn = 64;
    private const int PauseMilliseconds = 100;
    private const int SayMilliseconds = 10_000;

    private Pause? _pause;
    private long? _saidAt;

    /// <summary>Says in the log why callers wait.</summary>
    public static Action<SysResult> Say(Logger log, ushort port) => error =>
        log.Warn("new connections wait: they cannot be accepted; when descriptors have run out, raise the limit of open files", LogField.Of("port", port), LogField.Of("error", error.ToString()));

    /// <summary>The loop that accepts.</summary>
    public WaypointLoop On => loop;

    /// <inheritdoc/>
    bool IReadyItem.IsQueued { get; set; }

    /// <summary>Begins to accept.</summary>
    public void Watch(int fd) => loop.Loop.Register(this, fd, PollEvents.In);

    /// <summary>Stops at once.</summary>
    public void Close()
    {
        if (_pause is not null)
        {
            Loop.Timers.Cancel(_pause);
        }

        CloseDescriptor(reset: false);
    }

    /// <inheritdoc/>
    void IReadyItem.OnReady() => Accept();

    /// <inheritdoc/>
    public override void OnFault(Exception exception)
    {
        // One bad connection must not cost the listener, nor the callers that wait behind it.
        if (Descriptor >= 0)
        {
            Loop.RunLater(this);
        }
    }

    /// <inheritdoc/>
    protected override void OnEvents(PollEvents events) => Accept();

    private void Accept()
    {
        for (int i = 0; i < PerTurn && Descriptor >= 0; i++)
        {
            SysResult socket = SocketIo.Accept(Descriptor, out SocketAddress peer);
            if (socket.Is(Errno.EAGAIN))
            {
                return;
            }

            if (socket.IsError)
            {
                if (!socket.Is(Errno.ECONNABORTED))
                {
                    Wait(socket);
                    return;
                }

                continue;
            }

            begin(loop, (int)socket.Value, peer);
        }

        if (Descriptor >= 0)
        {
            Loop.RunLater(this);
        }
    }

    // Of those who are in the queue already the kernel does not tell again.
    private void Wait(SysResult error)
    {
        long now = Loop.NowMilliseconds;
        Loop.Timers.Schedule(_pause ??= new Pause(this), now + PauseMilliseconds);
        if (_saidAt is not { } said || now - said >= SayMilliseconds)
        {
            _saidAt = now;
            paused(error);
        }
    }

    private sealed class Pause(TunnelListener listener) : LoopTimer
    {
        // By the queue, whose faults are the listener's own: a connection that throws must not leave the others waiting.
        protected override void OnTimer() => listener.Loop.RunLater(listener);
    }
}
