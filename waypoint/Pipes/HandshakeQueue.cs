using System.Diagnostics;
using Ambient.EventLoop;

namespace Ambient.Waypoint.Pipes;

/// <summary>Handshakes that have something to do. They cost up to milliseconds each, so a turn of the loop does a few, and connections that are open go on meanwhile. Loop-affine.</summary>
internal sealed class HandshakeQueue(EventLoop.EventLoop loop) : IReadyItem
{
    private static readonly long TicksPerTurn = Stopwatch.Frequency / 500;
    private readonly Queue<SecurePipe> _due = new();

    /// <inheritdoc/>
    bool IReadyItem.IsQueued { get; set; }

    /// <summary>It has something to do.</summary>
    public void Add(SecurePipe pipe)
    {
        if (!pipe.IsHandshakeQueued)
        {
            pipe.IsHandshakeQueued = true;
            _due.Enqueue(pipe);
            loop.RunLater(this);
        }
    }

    /// <inheritdoc/>
    void IReadyItem.OnReady()
    {
        long begun = Stopwatch.GetTimestamp();
        try
        {
            while (_due.TryDequeue(out SecurePipe? pipe))
            {
                pipe.IsHandshakeQueued = false;
                pipe.Handshake();
                if (Stopwatch.GetTimestamp() - begun > TicksPerTurn)
                {
                    break;
                }
            }
        }
        finally
        {
            // Also when one of them threw.
            if (_due.Count > 0)
            {
                loop.RunLater(this);
            }
        }
    }
}
