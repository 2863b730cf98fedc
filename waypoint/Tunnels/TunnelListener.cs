using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Waypoint.Tunnels;

/// <summary>A port on one loop. Loop-affine.</summary>
/// <param name="loop">The loop.</param>
/// <param name="begin">Takes an accepted socket.</param>
internal sealed class TunnelListener(WaypointLoop loop, Action<WaypointLoop, int, SocketAddress> begin) : PollHandler, IReadyItem
{
    private const int PerTurn = 64;

    /// <summary>The loop that accepts.</summary>
    public WaypointLoop On => loop;

    /// <inheritdoc/>
    bool IReadyItem.IsQueued { get; set; }

    /// <summary>Begins to accept.</summary>
    public void Watch(int fd) => loop.Loop.Register(this, fd, PollEvents.In);

    /// <summary>Stops at once.</summary>
    public void Close() => CloseDescriptor(reset: false);

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
}
