using System.Runtime.ExceptionServices;
using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Sessions;
using Ambient.Mesh.Connections;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http2;

/// <summary>
/// One HTTP/2 connection over a pipe, either role (RFC 9113); what HBONE's sessions know of frames, header blocks and abuse is theirs. Loop-affine.
/// </summary>
/// <remarks>
/// Everything that arrives is taken at once: a stream that cannot hand its bytes on keeps them, its window bounds them. <c>Frames</c> finds frames, <c>Control</c> and
/// <c>Headers</c> act on them, <c>Output</c> makes them. The timer is the last one: a peer that does not close in time is closed.
/// </remarks>
internal abstract partial class Http2Connection : LoopTimer, IPipeOwner, ILoopFault
{
    private readonly bool _isClient;
    private readonly Dictionary<int, Http2Stream> _streams = [];
    private AbuseBudget _budget;
    private bool _isOver;
    private bool _isClosed;
    private int _unsentAtLook;

    protected Http2Connection(bool isClient, EventLoop.EventLoop loop)
    {
        _isClient = isClient;
        Loop = loop;
        _prefaceLeft = isClient ? 0 : Preface.Length;
    }

    /// <summary>The loop.</summary>
    public EventLoop.EventLoop Loop { get; }

    /// <summary>Streams that live.</summary>
    public int ActiveStreams => _streams.Count;

    /// <summary>Whether it takes no new streams.</summary>
    public bool IsLeaving { get; protected set; }

    /// <summary>Where frames are written.</summary>
    public Pipe Output => Pipe;

    /// <summary>What carries it.</summary>
    protected Pipe Pipe { get; private set; } = null!;

    /// <summary>Whether nothing goes or comes any more.</summary>
    protected bool IsOver => _isOver;

    /// <summary>The highest stream of the peer that was looked at.</summary>
    protected int LastPeerStreamId { get; private set; }

    /// <summary>Sets the pipe, once.</summary>
    public void Use(Pipe pipe) => Pipe = pipe;

    /// <inheritdoc/>
    public abstract void OnOpened();

    /// <inheritdoc/>
    public virtual void OnInputEnded()
    {
        // No frame will ever come: what has not arrived whole never will, and windows stay as they are.
        foreach (Http2Stream stream in _streams.Values.Where(s => _isClient || !s.RemoteEnded).ToArray())
        {
            Lose(stream, Http2Error.Cancel, "the peer ended the connection");
        }

        IsLeaving = true;
        CloseIfDone();
    }

    /// <inheritdoc/>
    public void OnOutputDrained()
    {
        ServeWaiting();
        foreach (Http2Stream stream in _streams.Values.ToArray())
        {
            stream.TellRoom();
        }

        Pipe.ResumeInput();
    }

    /// <inheritdoc/>
    public void OnClosed(CloseReason reason, string? detail)
    {
        _isOver = _isClosed = true;
        Loop.Timers.Cancel(this);
        LoseAll(detail ?? reason.ToString(), reason);
        FreeBlock();
        OnGone(reason, detail);
    }

    /// <inheritdoc/>
    public void OnFault(Exception exception) => Pipe.Abort(exception.Message);

    /// <summary>A stream is over: it is forgotten, and reset at the peer where that needs to know.</summary>
    public void Forget(Http2Stream stream, Http2Error? reset)
    {
        if (!_streams.Remove(stream.Id) || _isOver)
        {
            return;
        }

        if (reset is { } code)
        {
            SendReset(stream.Id, code);
        }

        OnForgotten();
        CloseIfDone();
    }

    /// <summary>Code of a request threw: it costs that request alone, and is told the loop.</summary>
    public void OnDefect(Http2Stream stream, Exception defect)
    {
        Report(defect);
        Forget(stream, Http2Error.InternalError);
        stream.Lose(Http2Error.InternalError, isByPeer: false, "internal error");
    }

    /// <summary>The pipe is gone. Called once.</summary>
    protected abstract void OnGone(CloseReason reason, string? detail);

    /// <summary>There is room for another stream.</summary>
    protected virtual void OnForgotten()
    {
    }

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        if (_isDrainAnnounced && !_isOver)
        {
            // Its ping is not answered: what comes now was sent long after we had spoken.
            EndAnnouncement();
        }
        else if (Pipe.Unsent < _unsentAtLook)
        {
            // It reads; and whoever has just taken the last byte gets the time to close.
            WaitForClose();
        }
        else
        {
            Pipe.Abort("the peer did not close");
        }
    }

    /// <summary>Adds a stream.</summary>
    protected void Add(Http2Stream stream, int id)
    {
        stream.Id = id;
        stream.SendWindow = _peerInitialWindow;
        _streams.Add(id, stream);
    }

    /// <summary>All streams are over and no new ones come: ends the connection.</summary>
    protected void CloseIfDone()
    {
        if (IsLeaving && _streams.Count == 0 && !_isDrainAnnounced)
        {
            End();
        }
    }

    /// <summary>Ends our direction, and soon the other.</summary>
    protected void End()
    {
        if (!_isOver)
        {
            _isOver = true;
            Pipe.Finish();
            if (!_isClosed)
            {
                WaitForClose();
            }
        }
    }

    // A slow reader of a last answer gets time as long as it reads.
    private void WaitForClose()
    {
        _unsentAtLook = Pipe.Unsent;
        Loop.Timers.Schedule(this, Loop.NowMilliseconds + (_unsentAtLook > 0 ? WaitingTimes.CloseStall : WaitingTimes.Http2Close));
    }

    /// <summary>A connection error (RFC 9113 section 5.4.1). The connection ends first: what its streams' owners do about their loss goes nowhere.</summary>
    protected void Violation(Http2Error code, string what)
    {
        if (_isOver)
        {
            return;
        }

        SendGoAway(LastPeerStreamId, code);
        IsLeaving = true;
        End();
        LoseAll("protocol violation: " + what, CloseReason.ProtocolError);
        OnViolated(what);
    }

    private bool IsViolated(FrameDefect? defect)
    {
        if (defect is not null)
        {
            Violation(defect.Code, defect.What);
        }

        return defect is not null;
    }

    /// <summary>The peer has broken the rules; its streams are lost already.</summary>
    protected virtual void OnViolated(string what)
    {
    }

    /// <summary>Takes points of the budget; false when that was the end.</summary>
    protected bool Spend(int points)
    {
        if (_budget.TrySpend(points, Loop.NowMilliseconds))
        {
            return true;
        }

        Violation(Http2Error.EnhanceYourCalm, "the peer did too many odd things in a short time");
        return false;
    }

    /// <summary>A request was answered: it was worth its work.</summary>
    public void EarnStream() => _budget.EarnStream();

    private void Report(Exception defect) => Loop.Post(static fault => ((ExceptionDispatchInfo)fault!).Throw(), ExceptionDispatchInfo.Capture(defect));

    private void LoseAll(string detail, CloseReason reason)
    {
        Http2Error code = reason == CloseReason.ProtocolError ? Http2Error.ProtocolError : Http2Error.Cancel;
        foreach (Http2Stream stream in _streams.Values.ToArray())
        {
            Lose(stream, code, detail);
        }

        _streams.Clear();
        _waiting.Clear();
    }

    // It is forgotten first: whatever its owner does with it means nothing any more.
    private void Lose(Http2Stream stream, Http2Error code, string detail)
    {
        _streams.Remove(stream.Id);
        if (IsAnswerWhole(stream))
        {
            stream.StopSending();
        }
        else
        {
            stream.Lose(code, isByPeer: false, detail);
        }
    }

    // An answer that has arrived whole stays whole, also when its reader is slower than the end of everything else (RFC 9113 section 8.1).
    private bool IsAnswerWhole(Http2Stream stream) => _isClient && stream.RemoteEnded;
}
