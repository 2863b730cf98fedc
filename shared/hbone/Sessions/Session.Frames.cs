using System.Buffers;
using Ambient.Hbone.Frames;
using Ambient.Mesh.Connections;

namespace Ambient.Hbone.Sessions;

/// <content>The frame parser (RFC 9113 section 4), and what becomes of errors.</content>
public sealed unsafe partial class Session
{
    /// <summary>The largest control frame we gather; a larger one has no honest use here.</summary>
    private const int MaxControlFrame = 128 * 1024;

    private readonly byte[] _headerBytes = new byte[FrameHeader.Size];
    private int _headerLength;
    private int _prefaceLeft;
    private FrameHeader _frame;
    private int _left;
    private bool _inFrame;
    private bool _skipping;
    private byte[]? _control;
    private int _controlLength;

    private void Frames(byte* bytes, int count)
    {
        _activeSincePing = _heardSinceTimer = true;
        while (count > 0 && IsOpen)
        {
            int used = _prefaceLeft > 0 ? TakePreface(bytes, count) : !_inFrame ? TakeHeader(bytes, count) : TakePayload(bytes, count);
            bytes += used;
            count -= used;
        }
    }

    private int TakePreface(byte* bytes, int count)
    {
        int length = Math.Min(count, _prefaceLeft);
        if (!new ReadOnlySpan<byte>(bytes, length).SequenceEqual(Preface.Slice(Preface.Length - _prefaceLeft, length)))
        {
            Violation(Http2Error.ProtocolError, "the connection preface is wrong");
        }

        _prefaceLeft -= length;
        return length;
    }

    private int TakeHeader(byte* bytes, int count)
    {
        int length = Math.Min(FrameHeader.Size - _headerLength, count);
        if (length == FrameHeader.Size)
        {
            BeginFrame(FrameHeader.Read(new ReadOnlySpan<byte>(bytes, FrameHeader.Size)));
            return length;
        }

        new ReadOnlySpan<byte>(bytes, length).CopyTo(_headerBytes.AsSpan(_headerLength));
        _headerLength += length;
        if (_headerLength == FrameHeader.Size)
        {
            _headerLength = 0;
            BeginFrame(FrameHeader.Read(_headerBytes));
        }

        return length;
    }

    private void BeginFrame(FrameHeader frame)
    {
        _frame = frame;
        _left = frame.Length;
        _inFrame = true;
        _skipping = false;
        if (IsViolated(FrameRules.Order(frame, _settings.FrameSize, !_settingsSeen, _blockStream)))
        {
            return;
        }

        if (frame.Type == FrameType.Data)
        {
            BeginData();
        }
        else if (frame.Type > FrameType.Continuation)
        {
            _skipping = true;
            Spend(AbuseBudget.Noise + (frame.Length / 1024));
            EndFrameIfEmpty();
        }
        else if (frame.Length > MaxControlFrame)
        {
            Violation(Http2Error.EnhanceYourCalm, "a control frame is absurdly large");
        }
        else if (frame.Length == 0)
        {
            _inFrame = false;
            FlushPieces();
            Control([]);
        }
    }

    private int TakePayload(byte* bytes, int count)
    {
        int length = Math.Min(_left, count);
        if (_frame.Type == FrameType.Data)
        {
            return TakeData(bytes, length);
        }

        _left -= length;
        if (_skipping)
        {
            EndFrameIfEmpty();
            return length;
        }

        if (_control is null && _left == 0)
        {
            _inFrame = false;
            FlushPieces();
            Control(new ReadOnlySpan<byte>(bytes, length));
            return length;
        }

        _control ??= ArrayPool<byte>.Shared.Rent(_frame.Length);
        new ReadOnlySpan<byte>(bytes, length).CopyTo(_control.AsSpan(_controlLength));
        _controlLength += length;
        if (_left == 0)
        {
            _inFrame = false;
            FlushPieces();
            Control(_control.AsSpan(0, _controlLength));
            FreeControl();
        }

        return length;
    }

    private void FreeControl()
    {
        if (_control is not null)
        {
            ArrayPool<byte>.Shared.Return(_control);
            _control = null;
        }

        _controlLength = 0;
    }

    private void EndFrameIfEmpty()
    {
        if (_left == 0)
        {
            _inFrame = false;
        }
    }

    private void Control(ReadOnlySpan<byte> payload)
    {
        if (Phase == SessionPhase.Closed)
        {
            return;
        }

        switch (_frame.Type)
        {
            case FrameType.Headers:
                OnHeaders(payload);
                break;
            case FrameType.Continuation:
                OnContinuation(payload);
                break;
            case FrameType.Priority:
                OnPriority(payload);
                break;
            case FrameType.RstStream:
                OnReset(payload);
                break;
            case FrameType.Settings:
                OnSettings(payload);
                break;
            case FrameType.Ping:
                OnPing(payload);
                break;
            case FrameType.GoAway:
                OnGoAway(payload);
                break;
            case FrameType.WindowUpdate:
                OnWindowUpdate(payload);
                break;
            default:
                Violation(Http2Error.ProtocolError, "PUSH_PROMISE is not allowed here");
                break;
        }
    }

    private bool IsIdle(int streamId) => FrameRules.IsIdle(streamId, _isClient, _nextStreamId, _lastPeerStreamId);

    /// <summary>A stream error that the peer provoked: reset it, and charge for it.</summary>
    private void Refuse(TunnelStream stream, Http2Error code, string what)
    {
        if (Spend(AbuseBudget.ForcedReset))
        {
            stream.Reset(code, CloseReason.ProtocolError, what);
        }
    }

    private bool IsViolated(FrameDefect? defect)
    {
        if (defect is not null)
        {
            Violation(defect.Code, defect.What);
        }

        return defect is not null;
    }

    /// <summary>A connection error (section 5.4.1).</summary>
    private void Violation(Http2Error code, string what) => Abort(CloseReason.ProtocolError, "protocol violation: " + what, code);
}
