using Ambient.EventLoop;

namespace Ambient.Waypoint.Pipes;

/// <summary>
/// A byte stream to a client or an endpoint, whatever carries it. Output is queued and bounded by the writer, who looks at
/// <see cref="IsFull"/>; input is taken or left. Loop-affine.
/// </summary>
internal abstract class Pipe : IReadyItem
{
    /// <summary>Output that makes a writer pause, bytes.</summary>
    public const int HighWater = 128 * 1024;

    private bool _wasFull;

    /// <summary>Who reads from it.</summary>
    public required IPipeOwner Owner { get; set; }

    /// <summary>The loop of both sides.</summary>
    public required EventLoop.EventLoop Loop { get; init; }

    /// <inheritdoc/>
    bool IReadyItem.IsQueued { get; set; }

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

    /// <summary>Whether the end of output was asked for.</summary>
    protected bool IsFinishing { get; private set; }

    /// <summary>What waits to be sent.</summary>
    protected OutputQueue Output { get; } = new();

    /// <summary>Sends bytes, in order.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (!IsClosed && !IsFinishing && bytes.Length > 0)
        {
            Output.Append(bytes);
            Kick();
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

    /// <summary>Ends both directions at once; the other side sees a reset.</summary>
    public abstract void Abort(string detail);

    /// <summary>The reader can take more of what it left.</summary>
    public abstract void ResumeInput();

    /// <summary>There is output, or its end.</summary>
    protected abstract void Kick();

    /// <inheritdoc/>
    void IReadyItem.OnReady()
    {
        if (!IsClosed && !IsFull)
        {
            Owner.OnOutputDrained();
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
