using System.Buffers;
using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;

namespace Ambient.Waypoint.Pipes;

/// <summary>A plain TCP connection to an endpoint outside the mesh as a pipe. Loop-affine; owns its descriptor.</summary>
internal sealed class SocketPipe : Pipe
{
    private const int ReadSize = 64 * 1024;

    private readonly Handler _handler;
    private readonly ConnectLimit _limit;
    private ConnectRace? _race;
    private byte[]? _left;
    private int _leftOffset;
    private int _leftLength;
    private bool _isOpen;
    private bool _isReadable;
    private bool _isInputEnded;
    private bool _hasShutDown;

    public SocketPipe()
    {
        _handler = new Handler(this);
        _limit = new ConnectLimit(this);
    }

    /// <summary>Begins to connect; the outcome is told later, a failure to begin as well.</summary>
    public void Connect(SocketFactory sockets, SocketAddress address)
    {
        SysResult socket = sockets.OpenStream(address.IsIPv4, null);
        if (socket.IsError)
        {
            Close(CloseReason.OutOfResources, $"io error: {socket}", reset: false);
            return;
        }

        SysResult connect = SocketIo.Connect((int)socket.Value, address);
        _handler.Watch(Loop, (int)socket.Value);
        Loop.Timers.Schedule(_limit, Loop.NowMilliseconds + WaitingTimes.Connect);
        if (connect.IsError && !connect.Is(Errno.EINPROGRESS))
        {
            Close(CloseReason.ConnectFailed, $"io error: {connect}", reset: true);
        }
    }

    /// <summary>Begins to connect to whichever of several addresses answers first.</summary>
    public void Connect(SocketFactory sockets, SocketAddress[] addresses)
    {
        Loop.Timers.Schedule(_limit, Loop.NowMilliseconds + WaitingTimes.Connect);
        _race = new ConnectRace(Loop, sockets, addresses, fd => _handler.Watch(Loop, fd), why => Close(CloseReason.ConnectFailed, why, reset: true));
        _race.Start();
    }

    /// <summary>Does not connect, and says why.</summary>
    public void Refuse(string detail) => Close(CloseReason.ConnectFailed, detail, reset: false);

    /// <summary>Takes an accepted socket; its owner hears of bytes when the loop does. One whose pipe is closed already is reset.</summary>
    public void Adopt(int fd)
    {
        if (IsClosed)
        {
            // Whoever serves it has given it up before it was here: nobody else would ever close it.
            SocketIo.CloseWithReset(fd);
            return;
        }

        _isOpen = true;
        _handler.Watch(Loop, fd);
    }

    /// <summary>The same once somebody serves the pipe: where that throws, neither the socket nor who would serve it is left behind.</summary>
    public void Adopt(int fd, Action serve)
    {
        try
        {
            serve();
        }
        catch
        {
            Abort("internal error");
            throw;
        }
        finally
        {
            Adopt(fd);
        }
    }

    /// <inheritdoc/>
    public override void Abort(string detail) => Close(CloseReason.Aborted, detail, reset: true);

    /// <inheritdoc/>
    protected override void OfferAgain()
    {
        if (_isOpen && !IsClosed)
        {
            Read();
        }
    }

    /// <inheritdoc/>
    protected override void Kick()
    {
        if (_isOpen)
        {
            Write();
        }
    }

    private void OnEvents(PollEvents events)
    {
        if (!_isOpen)
        {
            SysResult outcome = SocketIo.PendingError(_handler.Descriptor);
            if (outcome.IsError)
            {
                Close(CloseReason.ConnectFailed, $"io error: {outcome}", reset: true);
                return;
            }

            if ((events & PollEvents.Out) == PollEvents.None)
            {
                return;
            }

            _isOpen = true;
            Loop.Timers.Cancel(_limit);
            Owner.OnOpened();
        }

        Write();
        _isReadable |= (events & (PollEvents.In | PollEvents.PeerClosed | PollEvents.HangUp | PollEvents.Error)) != PollEvents.None;
        if (!IsClosed)
        {
            Read();
        }
    }

    private void Write()
    {
        bool sent = false;
        while (!IsClosed && Output.Length > 0)
        {
            SysResult written = SocketIo.Write(_handler.Descriptor, Output.Front);
            if (written.IsError)
            {
                if (!written.Is(Errno.EAGAIN))
                {
                    Close(CloseReason.SendFailed, written.ToString(), reset: true);
                    return;
                }

                break;
            }

            Output.Take((int)written.Value);
            sent = true;
        }

        if (!IsClosed && Output.Length == 0 && IsFinishing && !_hasShutDown)
        {
            _hasShutDown = true;
            SocketIo.ShutdownWrite(_handler.Descriptor);
            CloseIfBothEnded();
        }

        if (sent && !IsClosed)
        {
            OnSent();
        }
    }

    private void Read()
    {
        while (!IsClosed && (OfferLeft() || IsWaitingForMore) && _isReadable && !_isInputEnded)
        {
            SysResult read = ReadMore();
            if (read.Value > 0)
            {
                continue;
            }

            if (read.Is(Errno.EAGAIN))
            {
                _isReadable = false;
            }
            else if (read.IsError)
            {
                Close(CloseReason.PeerReset, read.ToString(), reset: true);
            }
            else
            {
                _isInputEnded = true;
                Owner.OnInputEnded();
                CloseIfBothEnded();
            }
        }
    }

    // Behind what is left, if the reader wants to see more of it.
    private SysResult ReadMore()
    {
        byte[] buffer = _left ?? ArrayPool<byte>.Shared.Rent(ReadSize);
        buffer.AsSpan(_leftOffset, _leftLength).CopyTo(buffer);
        SysResult read = SocketIo.Read(_handler.Descriptor, buffer.AsSpan(_leftLength));
        (_left, _leftOffset) = (buffer, 0);
        if (read.Value > 0)
        {
            _leftLength += (int)read.Value;
        }
        else if (_leftLength == 0)
        {
            FreeLeft();
        }

        return read;
    }

    /// <summary>Offers what the reader left; whether nothing is left.</summary>
    private bool OfferLeft()
    {
        while (_leftLength > 0 && !IsClosed)
        {
            int taken = Offer(_left.AsSpan(_leftOffset, _leftLength));
            if (IsClosed)
            {
                return false;
            }

            _leftOffset += taken;
            _leftLength -= taken;
            if (taken == 0)
            {
                return false;
            }
        }

        FreeLeft();
        EndIfWaiting();
        return !IsClosed;
    }

    private void FreeLeft()
    {
        if (_left is { } buffer)
        {
            (_left, _leftOffset, _leftLength) = (null, 0, 0);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void CloseIfBothEnded()
    {
        if (_isInputEnded && _hasShutDown)
        {
            Close(CloseReason.Completed, null, reset: false);
        }
    }

    private void Close(CloseReason reason, string? detail, bool reset)
    {
        if (IsClosed)
        {
            return;
        }

        IsClosed = true;
        _race?.Abandon();
        Loop.Timers.Cancel(_limit);
        _handler.Close(reset);
        Output.Clear();

        // A buffer that is being offered is left to the collector: nobody else may get it now.
        (_left, _leftLength) = (null, 0);
        Owner.OnClosed(reason, detail);
    }

    private sealed class ConnectLimit(SocketPipe pipe) : LoopTimer
    {
        protected override void OnTimer() => pipe.Close(CloseReason.ConnectTimeout, "connect timed out", reset: true);
    }

    private sealed class Handler(SocketPipe pipe) : PollHandler
    {
        public void Watch(EventLoop.EventLoop loop, int fd) => loop.Register(this, fd, PollEvents.In | PollEvents.Out | PollEvents.PeerClosed);

        public void Close(bool reset) => CloseDescriptor(reset);

        public override void OnFault(Exception exception) => pipe.Close(CloseReason.InternalError, exception.Message, reset: true);

        protected override void OnEvents(PollEvents events) => pipe.OnEvents(events);
    }
}
