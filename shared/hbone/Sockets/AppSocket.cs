using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Hbone.Sockets;

/// <summary>One plain TCP socket of the data path. Loop-affine; owns its descriptor.</summary>
/// <param name="owner">Told of its events.</param>
public sealed class AppSocket(IAppSocketOwner owner) : PollHandler
{
    private const PollEvents Interest = PollEvents.In | PollEvents.Out | PollEvents.PeerClosed;
    private const PollEvents Ending = PollEvents.PeerClosed | PollEvents.HangUp | PollEvents.Error;

    /// <summary>Whether there may be bytes to read.</summary>
    public bool IsReadable { get; set; }

    /// <summary>Whether the kernel has said that the other side closed: read on until the end shows.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>Starts watching a descriptor, which belongs to this object from here on.</summary>
    public void Watch(EventLoop.EventLoop loop, int fd) => loop.Register(this, fd, Interest);

    /// <summary>Closes with FIN, or with RST.</summary>
    public void Close(bool reset) => CloseDescriptor(reset);

    /// <summary>The outcome of a connect whose event arrived, or the reset that an error event is about.</summary>
    public SysResult PendingError() => SocketIo.PendingError(Descriptor);

    /// <inheritdoc/>
    public override void OnFault(Exception exception)
    {
        CloseDescriptor(reset: true);

        // The next read tells the owner that there is nothing behind it any more.
        IsReadable = IsEnding = true;
        owner.OnSocketEvents(this, PollEvents.Error);
    }

    /// <inheritdoc/>
    protected override void OnEvents(PollEvents events)
    {
        IsReadable |= (events & (PollEvents.In | Ending)) != PollEvents.None;
        IsEnding |= (events & Ending) != PollEvents.None;
        owner.OnSocketEvents(this, events);
    }
}
