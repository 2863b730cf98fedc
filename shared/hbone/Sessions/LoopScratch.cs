using Ambient.Hbone.Headers;
using Ambient.Linux.Sockets;

namespace Ambient.Hbone.Sessions;

/// <summary>What every session of a loop thread needs for the length of a call, so that none has to own it.</summary>
internal sealed class LoopScratch
{
    /// <summary>Handshake steps (0.3 ms of CPU each) that a loop takes per turn, so that a burst of them does not stall its tunnels.</summary>
    private const int HandshakeStepsPerTurn = 4;

    [ThreadStatic]
    private static LoopScratch? _instance;

    private long _turn = -1;
    private int _steps;

    private LoopScratch()
    {
    }

    /// <summary>The calling thread's own.</summary>
    public static LoopScratch Current => _instance ??= new LoopScratch();

    /// <summary>Gaps of outgoing records that a source is read into.</summary>
    public IoVector[] Gaps { get; } = new IoVector[96];

    /// <summary>Pieces of one stream that are delivered together.</summary>
    public IoVector[] Pieces { get; } = new IoVector[64];

    /// <summary>Collects header fields.</summary>
    public HeaderCollector Headers { get; } = new();

    /// <summary>Whether one more handshake step may be taken in this turn.</summary>
    public bool TryHandshakeStep(long turn)
    {
        if (turn != _turn)
        {
            _turn = turn;
            _steps = 0;
        }

        return _steps++ < HandshakeStepsPerTurn;
    }
}
