using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;

namespace Ambient.Waypoint.Pipes;

/// <summary>The inside of a CONNECT stream as a pipe: what the session reads is our output, what it writes is our input. Loop-affine.</summary>
internal sealed unsafe class TunnelPipe : Pipe
{
    private readonly End _end;
    private byte[] _held = [];
    private int _heldLength;
    private bool _isAborted;

    public TunnelPipe() => _end = new End(this);

    /// <summary>The side that is given to the session.</summary>
    public StreamEndpoint Endpoint => _end;

    /// <inheritdoc/>
    public override void Abort(string detail)
    {
        if (!IsClosed)
        {
            Output.Clear();
            _isAborted = true;
            _end.Stream?.Reset(Http2Error.Cancel, CloseReason.Aborted, detail);
        }
    }

    /// <inheritdoc/>
    protected override void OfferAgain()
    {
        if (OfferHeld())
        {
            _end.Stream?.OnSinkWritable();
        }
    }

    /// <inheritdoc/>
    protected override void Kick()
    {
        // A session takes less than it asked for as "that was all"; what is finished must be read on to its end.
        _end.Stream?.OnSourceReadable(ended: IsFinishing);
    }

    private SysResult Give(ReadOnlySpan<IoVector> into)
    {
        int given = 0;
        foreach (IoVector vector in into)
        {
            Span<byte> gap = new((void*)vector.Address, (int)vector.Length);
            while (gap.Length > 0 && Output.Length > 0)
            {
                ReadOnlySpan<byte> front = Output.Front;
                int part = Math.Min(front.Length, gap.Length);
                front[..part].CopyTo(gap);
                Output.Take(part);
                gap = gap[part..];
                given += part;
            }
        }

        if (given == 0)
        {
            return IsFinishing ? SysResult.Success(0) : SysResult.Failure(Errno.EAGAIN);
        }

        OnSent();
        return SysResult.Success(given);
    }

    private SysResult Take(ReadOnlySpan<IoVector> from)
    {
        int taken = 0;
        if (_heldLength > 0 && !IsWaitingForMore && !OfferHeld())
        {
            return SysResult.Failure(Errno.EAGAIN);
        }

        foreach (IoVector vector in from)
        {
            ReadOnlySpan<byte> bytes = MemoryMarshal.CreateReadOnlySpan(ref *(byte*)vector.Address, (int)vector.Length);
            int part = _heldLength == 0 ? OfferSafely(bytes) : IsWaitingForMore ? OfferMore(bytes) : 0;
            if (part == 0 && IsWaitingForMore)
            {
                part = OfferMore(bytes);
            }

            taken += part;
            if (part < bytes.Length || IsClosed)
            {
                break;
            }
        }

        return taken == 0 ? SysResult.Failure(Errno.EAGAIN) : SysResult.Success(taken);
    }

    /// <summary>Offers what was held back; whether nothing is left of it.</summary>
    private bool OfferHeld()
    {
        while (_heldLength > 0 && !IsClosed)
        {
            int taken = OfferSafely(_held.AsSpan(0, _heldLength));
            _held.AsSpan(taken, _heldLength - taken).CopyTo(_held);
            _heldLength -= taken;
            if (taken == 0)
            {
                return false;
            }
        }

        _held = [];
        TryTell(static pipe => pipe.EndIfWaiting());
        return !IsClosed;
    }

    // Bytes behind those that were too few: together perhaps they tell.
    private int OfferMore(ReadOnlySpan<byte> bytes)
    {
        if (_held.Length < _heldLength + bytes.Length)
        {
            Array.Resize(ref _held, Math.Max(256, _heldLength + bytes.Length));
        }

        bytes.CopyTo(_held.AsSpan(_heldLength));
        _heldLength += bytes.Length;
        OfferHeld();
        return bytes.Length;
    }

    private int OfferSafely(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Offer(bytes);
        }
        catch (Exception defect)
        {
            OnDefect(defect);
            return bytes.Length;
        }
    }

    /// <summary>Whether it took what it was told.</summary>
    private bool TryTell(Action<TunnelPipe> tell)
    {
        try
        {
            tell(this);
            return true;
        }
        catch (Exception defect)
        {
            OnDefect(defect);
            return false;
        }
    }

    // The session carries other people's streams as well: a defect in one of them costs that one alone.
    private void OnDefect(Exception defect)
    {
        Loop.Post(static fault => ((ExceptionDispatchInfo)fault!).Throw(), ExceptionDispatchInfo.Capture(defect));
        Abort("internal error");
    }

    private void OnGone(in StreamClosure closure)
    {
        IsClosed = true;
        Output.Clear();

        // NO_ERROR from the peer is an end as well, and what had come whole stays whole.
        bool isEnd = closure.Clean || closure.IsRemoteComplete || (closure is { ByPeer: true, Reason: CloseReason.PeerReset, Code: Http2Error.NoError });
        Owner.OnClosed(isEnd ? CloseReason.Completed : closure.Reason, closure.HttpStatus > 0 ? $"CONNECT was answered {closure.HttpStatus}" : closure.Detail);
    }

    private sealed class End(TunnelPipe pipe) : StreamEndpoint
    {
        public override SysResult Read(ReadOnlySpan<IoVector> into) => pipe.Give(into);

        public override SysResult Write(ReadOnlySpan<IoVector> from) => pipe.Take(from);

        public override void OnOpened(in ConnectResponse response)
        {
            if (pipe._isAborted)
            {
                // Given up while the session to carry it was being made.
                Stream?.Reset(Http2Error.Cancel, CloseReason.Aborted, "given up before it was open");
                return;
            }

            if (pipe.TryTell(static pipe => pipe.Owner.OnOpened()))
            {
                pipe.Kick();
            }
        }

        public override void OnPeerEnded()
        {
            if (pipe._heldLength > 0 && !pipe.IsWaitingForMore)
            {
                pipe.EndAfterHeld();
            }
            else
            {
                pipe.TryTell(static pipe => pipe.Owner.OnInputEnded());
            }
        }

        public override void OnClosed(in StreamClosure closure)
        {
            try
            {
                pipe.OnGone(closure);
            }
            catch (Exception defect)
            {
                pipe.OnDefect(defect);
            }
        }
    }
}
