using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Accepting;

/// <summary>
/// One listening socket on one loop. When descriptors run short it pauses: the kernel's queue holds the callers meanwhile.
/// Loop-affine.
/// </summary>
internal sealed class Listener : PollHandler, IReadyItem
{
    private const int PerTurn = 64;
    private const int PauseMilliseconds = 100;
    private readonly AcceptedSocket _accepted;
    private readonly DescriptorReserve? _reserve;
    private Pause? _pause;
    private bool _isShort;

    /// <summary>Takes ownership of a descriptor that listens.</summary>
    public Listener(int fd, AcceptedSocket accepted, DescriptorReserve? reserve = null)
    {
        Descriptor = fd;
        _accepted = accepted;
        _reserve = reserve;
    }

    /// <inheritdoc/>
    bool IReadyItem.IsQueued { get; set; }

    /// <summary>Begins to accept.</summary>
    /// <exception cref="LinuxException">The loop cannot watch it; it stays to be closed.</exception>
    public void Serve(EventLoop.EventLoop loop) => loop.Register(this, Descriptor, PollEvents.In);

    /// <summary>Stops listening at once.</summary>
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
    protected override void OnEvents(PollEvents events) => Accept();

    /// <inheritdoc/>
    public override void OnFault(Exception exception)
    {
        // One bad connection must not cost the listener, nor the callers that wait behind it: the kernel does not tell of them again.
        if (Descriptor >= 0)
        {
            Loop.RunLater(this);
        }
    }

    private void Accept()
    {
        for (int i = 0; i < PerTurn; i++)
        {
            if (Descriptor < 0)
            {
                return;
            }

            if (_isShort && _reserve?.HasRoom(Descriptor) == false)
            {
                Wait();
                return;
            }

            _isShort = false;
            SysResult socket = SocketIo.Accept(Descriptor, out SocketAddress peer);
            if (!socket.IsError)
            {
                _isShort = _reserve?.IsTouchedBy((int)socket.Value) == true;
                _accepted((int)socket.Value, peer);
            }
            else if (socket.Is(Errno.EAGAIN))
            {
                return;
            }
            else if (socket.Is(Errno.EMFILE) || socket.Is(Errno.ENFILE) || socket.Is(Errno.ENOBUFS) || socket.Is(Errno.ENOMEM))
            {
                Wait();
                return;
            }
        }

        Loop.RunLater(this);
    }

    private void Wait()
    {
        _reserve?.SayPaused();
        Loop.Timers.Schedule(_pause ??= new Pause(this), Loop.NowMilliseconds + PauseMilliseconds);
    }

    private sealed class Pause(Listener listener) : LoopTimer
    {
        // By the queue, whose faults are the listener's own: a connection that throws must not leave the others waiting.
        protected override void OnTimer() => listener.Loop.RunLater(listener);
    }
}
