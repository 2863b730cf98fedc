using Ambient.EventLoop;

namespace Ambient.Waypoint.Pipes;

/// <summary>
/// A byte stream to a client or an endpoint, whatever carries it. Output is queued and bounded by the writer, who looks at
/// <see cref="IsFull"/>; input is taken or left. Loop-affine.
/// </summary>
internal abstract class Pipe : IReadyItem, IFlushItem, ILoopFault
{
    /// <summary>Output that makes a writer pause, bytes.</summary>
    public const int HighWater = 128 * 1024;

    private const int FlushAt = 64 * 1024;

    private bool _wasFull;
    private bool _endWaits;
    private bool _isOffering;
    private bool _isResumed;

    /// <summary>Who reads from it.</summary>
    public required IPipeOwner Owner { get; set; }

    /// <summary>The loop of both sides.</summary>
    public required EventLoop.EventLoop Loop { get; init; }

    /// <inheritdoc/>
    bool IReadyItem.IsQueued { get; set; }

    /// <inheritdoc/>
    bool IFlushItem.IsFlushQueued { get; set; }

    /// <summary>Whether it is gone.</summary>
    public bool IsClosed { get; protected set; }

    /// <summary>Whether no more should be written for now.</summary>
    public bool IsFull
    {
        get
        {
            bool isFull = Output.Length >= HighWater;
            _wasFull |= isFull;
            return isFull;
        }
    }

    /// <summary>Whether so many bytes wait that something beside the writers must stop; it is told as they are.</summary>
    public bool IsBeyond(int bytes)
    {
        bool isBeyond = Output.Length >= bytes;
        _wasFull |= isBeyond;
        return isBeyond;
    }

    /// <summary>Bytes that wait to be sent.</summary>
    public int Unsent => Output.Length;

    /// <summary>Whether the end of output was asked for.</summary>
    protected bool IsFinishing { get; private set; }

    /// <summary>Whether more bytes are wanted before any are taken.</summary>
    protected bool IsWaitingForMore { get; set; }

    /// <summary>What waits to be sent.</summary>
    protected OutputQueue Output { get; } = new();

    /// <summary>Sends bytes, in order.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (!IsClosed && !IsFinishing && bytes.Length > 0)
        {
            Output.Append(bytes);

            // What a turn writes goes out together at its end, unless it is much.
            if (Output.Length < FlushAt)
            {
                Loop.FlushAtEnd(this);
            }
            else
            {
                Kick();
            }
        }
    }

    /// <summary>Ends our direction after what was sent.</summary>
    public void Finish()
    {
        if (!IsClosed && !IsFinishing)
        {
            IsFinishing = true;
            Kick();
        }
    }

    /// <summary>The reader took nothing because it cannot tell from so few bytes: they are offered again as soon as there are more.</summary>
    public void WaitForMore() => IsWaitingForMore = true;

    /// <summary>Ends both directions at once; the other side sees a reset.</summary>
    public abstract void Abort(string detail);

    /// <summary>The reader can take more of what it left.</summary>
    public void ResumeInput()
    {
        if (_isOffering)
        {
            // It says so while it is being offered something: it is asked again when it is done with that.
            _isResumed = true;
        }
        else
        {
            OfferAgain();
        }
    }

    /// <summary>The end of input is told, again perhaps, when what was held back is taken.</summary>
    public void EndAfterHeld()
    {
        _endWaits = true;
        ResumeInput();
    }

    /// <summary>Offers what the reader left.</summary>
    protected abstract void OfferAgain();

    /// <summary>There is output, or its end.</summary>
    protected abstract void Kick();

    /// <inheritdoc/>
    void ILoopFault.OnFault(Exception exception) => Abort("internal error");

    /// <inheritdoc/>
    void IFlushItem.OnFlush()
    {
        if (!IsClosed)
        {
            Kick();
        }
    }

    /// <inheritdoc/>
    void IReadyItem.OnReady()
    {
        if (!IsClosed && !IsFull)
        {
            Owner.OnOutputDrained();
        }
    }

    /// <summary>Offers bytes until they are taken or the reader takes no more; how many were taken.</summary>
    protected int Offer(ReadOnlySpan<byte> bytes)
    {
        int taken = 0;
        int part;
        do
        {
            _isResumed = IsWaitingForMore = false;
            _isOffering = true;
            try
            {
                part = Owner.OnInput(bytes[taken..]);
            }
            finally
            {
                _isOffering = false;
            }

            taken += part;
        }
        while (taken < bytes.Length && !IsClosed && (part > 0 || _isResumed));
        return taken;
    }

    /// <summary>Nothing is held back any more.</summary>
    protected void EndIfWaiting()
    {
        if (_endWaits && !IsClosed)
        {
            _endWaits = false;
            Owner.OnInputEnded();
        }
    }

    /// <summary>Some output was sent. The writer is told later: its next bytes must not come while these are being read.</summary>
    protected void OnSent()
    {
        if (_wasFull && Output.Length < HighWater / 2)
        {
            _wasFull = false;
            Loop.RunLater(this);
        }
    }
}
