using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Ambient.EventLoop;
using Ambient.Mesh.Connections;
using Ambient.Tls.Sessions;

namespace Ambient.Waypoint.Pipes;

/// <summary>
/// A pipe inside of TLS inside of another pipe, whichever side we are. Its owner hears <see cref="IPipeOwner.OnOpened"/> when the handshake is done, and of no byte before. Loop-affine; owns the session.
/// </summary>
/// <remarks>
/// What is held of the peer's bytes is at most one read of the carrier, and what one record decrypts to. The two sides differ where a handshake failed and where all is said: a client of ours has to
/// be counted until its carrier is gone, and gets the time that its owner gives it; with an endpoint the owner hears at once, and the carrier is let go.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "It is closed by its owner or its carrier, and that ends the session")]
internal sealed class SecurePipe : Pipe, IPipeOwner
{
    private const int RecordSize = 16 * 1024;
    private const int MaxHeld = 4 * RecordSize;

    // A handshake that needs more than this in one go is none; what stands behind it has time.
    private const int MaxHandshakeInput = 128 * 1024;

    // Writers stop at half of this: what is beyond are answers to new keys, which the peer may ask for without reading any.
    private const int MaxAnswers = 2 * HighWater;

    private readonly ITlsSession _session;
    private readonly HandshakeQueue? _handshakes;
    private readonly Limit? _limit;
    private readonly Pipe _carrier = null!;
    private byte[]? _held;
    private int _heldOffset;
    private int _heldLength;
    private bool _isOpen;
    private bool _isInputEnded;
    private bool _isCarrierEnded;
    private bool _hasSaidEnd;
    private string? _failure;

    /// <summary>The side of a server: the client begins.</summary>
    /// <param name="session">TLS.</param>
    /// <param name="handshakes">Handshakes wait here for their turn.</param>
    public SecurePipe(ITlsSession session, HandshakeQueue handshakes) => (_session, _handshakes) = (session, handshakes);

    /// <summary>The side of a client: it begins when the carrier is open.</summary>
    /// <param name="session">TLS.</param>
    public SecurePipe(ITlsSession session)
    {
        _session = session;
        _limit = new Limit(this);
    }

    /// <summary>What carries it. Its owner is this pipe from now on.</summary>
    public required Pipe Carrier
    {
        get => _carrier;
        init
        {
            _carrier = value;
            value.Owner = this;
        }
    }

    /// <summary>How long the handshake with a server may take, milliseconds.</summary>
    public long HandshakeMilliseconds { get; init; } = WaitingTimes.ServerHandshake;

    /// <summary>Whether it waits for its turn in the queue of handshakes.</summary>
    public bool IsHandshakeQueued { get; set; }

    /// <summary>Whether the handshake of a client of ours has failed: it has been told, and is there until it closes or is ended.</summary>
    public bool HasFailed => _failure is not null;

    private bool IsServer => _handshakes is not null;

    /// <inheritdoc/>
    public override void Abort(string detail)
    {
        if (!IsClosed)
        {
            _carrier.Abort(detail);
        }
    }

    /// <summary>Goes on with the handshake.</summary>
    public void Handshake()
    {
        if (IsClosed || HasFailed || _isOpen)
        {
            return;
        }

        TlsSessionStatus status = _session.Advance();
        Flush();
        if (status == TlsSessionStatus.Failed)
        {
            Fail(_session.Failure!);
        }
        else if (status != TlsSessionStatus.Handshake)
        {
            Open();
        }
        else if (_isCarrierEnded)
        {
            Fail($"the {(IsServer ? "client" : "server")} closed the connection during the handshake");
        }
    }

    /// <inheritdoc/>
    void IPipeOwner.OnOpened()
    {
        if (_limit is not null && !IsClosed)
        {
            Loop.Timers.Schedule(_limit, Loop.NowMilliseconds + HandshakeMilliseconds);
            Handshake();
        }
    }

    /// <inheritdoc/>
    int IPipeOwner.OnInput(ReadOnlySpan<byte> bytes)
    {
        if (IsClosed || HasFailed || _isInputEnded)
        {
            return bytes.Length;
        }

        if (_isOpen ? (_heldLength > 0 && !IsWaitingForMore) || _session.PendingInput > 0 || _carrier.IsBeyond(MaxAnswers) : _session.PendingInput > MaxHandshakeInput)
        {
            return 0;
        }

        if (!_session.Feed(bytes))
        {
            Fail(_session.Failure!);
        }
        else if (_isOpen)
        {
            Read();
        }
        else if (_handshakes is not null)
        {
            _handshakes.Add(this);
        }
        else
        {
            Handshake();
        }

        return bytes.Length;
    }

    /// <inheritdoc/>
    void IPipeOwner.OnInputEnded()
    {
        _isCarrierEnded = true;
        if (IsClosed || HasFailed)
        {
            return;
        }

        if (_isOpen)
        {
            EndIfCut();
        }
        else if (_handshakes is not null)
        {
            // What it sent before may still make it a good one.
            _handshakes.Add(this);
        }
        else
        {
            Handshake();
        }
    }

    /// <inheritdoc/>
    void IPipeOwner.OnOutputDrained()
    {
        Write();
        Read();
        ResumeCarrier();
    }

    /// <inheritdoc/>
    void IPipeOwner.OnClosed(CloseReason reason, string? detail)
    {
        bool isEarly = !IsServer && !_isOpen && reason == CloseReason.Completed;
        Close(HasFailed || isEarly ? CloseReason.TlsFailure : reason, _failure ?? (isEarly ? "TLS_error: the server closed the connection during the handshake" : detail));
        CancelLimit();
    }

    /// <inheritdoc/>
    protected override void OfferAgain()
    {
        Read();
        CloseIfBothEnded();
        ResumeCarrier();
    }

    /// <inheritdoc/>
    protected override void Kick() => Write();

    private void Open()
    {
        CancelLimit();
        _isOpen = true;
        Owner.OnOpened();
        Write();
        Read();
        ResumeCarrier();
    }

    private void ResumeCarrier()
    {
        if (!IsClosed)
        {
            _carrier.ResumeInput();
        }
    }

    private void Write()
    {
        bool sent = false;
        while (!IsClosed && _isOpen && Output.Length > 0 && !_carrier.IsFull)
        {
            ReadOnlySpan<byte> front = Output.Front;
            if (!_session.Write(front))
            {
                Fail(_session.Failure ?? "nothing can be sent any more");
                return;
            }

            Output.Take(front.Length);
            Flush();
            sent = true;
        }

        if (!IsClosed && _isOpen && Output.Length == 0 && IsFinishing && !_hasSaidEnd)
        {
            _hasSaidEnd = true;
            _session.End();
            Flush();
            _carrier.Finish();
            CloseIfBothEnded();
        }

        if (sent && !IsClosed)
        {
            OnSent();
        }
    }

    private void Flush()
    {
        _carrier.Send(_session.Output);
        _session.ClearOutput();
    }

    private void Read()
    {
        while (!IsClosed && _isOpen && (OfferHeld() || IsWaitingForMore) && !_isInputEnded)
        {
            byte[] buffer = Room();
            if (buffer.Length - _heldLength < RecordSize / 2)
            {
                _carrier.Abort("the reader wants more than there may be");
                return;
            }

            int count = _session.Read(buffer.AsSpan(_heldLength));

            // Answers to new keys, or an alert.
            Flush();
            _heldLength += count;
            if (_heldLength == 0)
            {
                FreeHeld();
            }

            if (count == 0)
            {
                AfterRead();
                return;
            }
        }
    }

    // There is nothing more to decrypt.
    private void AfterRead()
    {
        switch (_session.Status)
        {
            case TlsSessionStatus.PeerEnded:
                EndInput();
                break;
            case TlsSessionStatus.Failed:
                Fail(_session.Failure!);
                break;
            default:
                if (_isCarrierEnded)
                {
                    EndIfCut();
                }

                break;
        }
    }

    // What is left is at the front, and there is room for a record behind it.
    private byte[] Room()
    {
        byte[] buffer = _held ?? ArrayPool<byte>.Shared.Rent(RecordSize);
        if (buffer.Length - _heldLength < RecordSize && buffer.Length < MaxHeld && _heldLength > 0)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(MaxHeld);
            buffer.AsSpan(_heldOffset, _heldLength).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
        else if (_heldOffset > 0)
        {
            buffer.AsSpan(_heldOffset, _heldLength).CopyTo(buffer);
        }

        _heldOffset = 0;
        return _held = buffer;
    }

    /// <summary>Offers what the reader left; whether nothing is left.</summary>
    private bool OfferHeld()
    {
        while (_heldLength > 0 && !IsClosed)
        {
            int taken = Offer(_held.AsSpan(_heldOffset, _heldLength));
            if (IsClosed)
            {
                return false;
            }

            _heldOffset += taken;
            _heldLength -= taken;
            if (taken == 0)
            {
                return false;
            }
        }

        FreeHeld();
        EndIfWaiting();
        return !IsClosed;
    }

    // The carrier has ended without an end inside of TLS.
    private void EndIfCut()
    {
        if (_isInputEnded || (_session.PendingInput > 0 && _heldLength > 0))
        {
            // What is still held comes first.
            return;
        }

        if (IsServer)
        {
            // Many clients leave without a word; Envoy takes that for an end as well.
            EndInput();
        }
        else if (_heldLength == 0)
        {
            // Somebody else may have ended it (RFC 8446 section 6.1): what was here is handed on, and then it is broken, not whole.
            Close(CloseReason.PeerReset, "the server ended the connection without saying so inside of TLS");
            _carrier.Abort("the server is gone");
        }
    }

    private void EndInput()
    {
        if (_isInputEnded)
        {
            return;
        }

        _isInputEnded = true;
        if (_heldLength > 0 && !IsWaitingForMore)
        {
            EndAfterHeld();
        }
        else
        {
            Owner.OnInputEnded();
        }

        CloseIfBothEnded();
    }

    // The carrier of a client's connection ends by itself, and its owner says how long that may take.
    private void CloseIfBothEnded()
    {
        if (_isInputEnded && _hasSaidEnd && _heldLength == 0 && !IsServer && !IsClosed)
        {
            Close(CloseReason.Completed, null);
            new CloseWatch(_carrier).Start();
        }
    }

    private void Fail(string why)
    {
        if (IsClosed || HasFailed)
        {
            return;
        }

        if (!IsServer)
        {
            // What was said last, an alert perhaps, may leave; then the carrier ends, whatever the server does.
            Close(CloseReason.TlsFailure, "TLS_error: " + why);
            _carrier.Finish();
            new CloseWatch(_carrier, WaitingTimes.Alert).Start();
            return;
        }

        _failure = why;
        if (_isOpen)
        {
            _carrier.Abort(why);
            return;
        }

        // The alert says why. The owner hears of it when the carrier is gone: until then somebody must count it, and end who does not leave.
        _session.Dispose();
        _carrier.Finish();
        ResumeCarrier();
    }

    private void CancelLimit()
    {
        if (_limit is { IsScheduled: true } limit)
        {
            Loop.Timers.Cancel(limit);
        }
    }

    private void Close(CloseReason reason, string? detail)
    {
        if (IsClosed)
        {
            return;
        }

        IsClosed = true;
        CancelLimit();
        _session.Dispose();
        Output.Clear();
        if (_heldLength == 0)
        {
            FreeHeld();
        }

        // A buffer that is being offered is left to the collector: nobody else may get it now.
        (_held, _heldLength) = (null, 0);
        Owner.OnClosed(reason, detail);
    }

    private void FreeHeld()
    {
        if (_held is { } buffer)
        {
            (_held, _heldOffset, _heldLength) = (null, 0, 0);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void OnLimit()
    {
        Close(CloseReason.ConnectTimeout, "TLS_error: the server did not complete the handshake in time");
        _carrier.Abort("over");
    }

    private sealed class Limit(SecurePipe pipe) : LoopTimer
    {
        protected override void OnTimer() => pipe.OnLimit();
    }
}
