using System.Buffers.Binary;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Sessions;

namespace Ambient.Waypoint.Http2;

/// <content>Control frames but header blocks (RFC 9113 sections 6.3 to 6.9).</content>
internal abstract partial class Http2Connection
{
    private const ulong DrainPing = 0x616d_6269_656e_7421;

    private bool _isDrainAnnounced;
    private int _goAwayLastId = int.MaxValue;

    /// <summary>Streams that the peer lets us open.</summary>
    protected int PeerMaxStreams { get; private set; } = 100;

    /// <summary>The lowest identifier that we have not used.</summary>
    protected int NextStreamId { get; set; } = 1;

    /// <summary>
    /// Server: no new requests. GOAWAY is said in two steps (RFC 9113 section 6.8): requests that were on their way when it spoke are still answered.
    /// </summary>
    public void Drain()
    {
        if (IsLeaving || _isOver)
        {
            return;
        }

        IsLeaving = true;
        if (!_isClient && _settingsSeen)
        {
            _isDrainAnnounced = true;
            SendGoAway(int.MaxValue, Http2Error.NoError);
            SendPing(DrainPing, ack: false);
            Loop.Timers.Schedule(this, Loop.NowMilliseconds + DrainMilliseconds);
        }
        else if (!_isClient)
        {
            // It has asked for nothing yet, and may ask somebody else.
            SendGoAway(0, Http2Error.NoError);
        }

        CloseIfDone();
    }

    private void EndAnnouncement()
    {
        _isDrainAnnounced = false;
        Loop.Timers.Cancel(this);
        SendGoAway(LastPeerStreamId, Http2Error.NoError);
        CloseIfDone();
    }

    /// <summary>Whether streams that come now are still answered.</summary>
    protected bool TakesLateStreams => _isDrainAnnounced;

    /// <summary>The peer takes no new streams.</summary>
    protected virtual void OnGoAway()
    {
    }

    private void Control(ReadOnlySpan<byte> payload)
    {
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
            case FrameType.PushPromise:
                Violation(Http2Error.ProtocolError, "PUSH_PROMISE is not allowed here");
                break;
            default:
                Spend(AbuseBudget.Noise + (payload.Length / 1024));
                break;
        }
    }

    private bool IsIdle(int streamId) => streamId == 0 || (streamId & 1) == 0 || (_isClient ? streamId >= NextStreamId : streamId > LastPeerStreamId);

    /// <summary>A stream error that the peer provoked: reset it, and charge for it.</summary>
    private void Refuse(Http2Stream stream, Http2Error code, string what)
    {
        if (Spend(AbuseBudget.ForcedReset))
        {
            Forget(stream, code);
            stream.Lose(code, isByPeer: false, what);
        }
    }

    private void OnPriority(ReadOnlySpan<byte> payload)
    {
        if (_frame.StreamId == 0 || payload.Length != 5)
        {
            Violation(payload.Length != 5 ? Http2Error.FrameSizeError : Http2Error.ProtocolError, "a malformed PRIORITY frame");
        }
        else
        {
            Spend(AbuseBudget.Noise);
        }
    }

    private void OnReset(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != 4 || _frame.StreamId == 0 || IsIdle(_frame.StreamId))
        {
            Violation(payload.Length != 4 ? Http2Error.FrameSizeError : Http2Error.ProtocolError, "a malformed RST_STREAM, or one on an idle stream");
            return;
        }

        Http2Error code = (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload);
        if (!_streams.TryGetValue(_frame.StreamId, out Http2Stream? stream))
        {
            Spend(AbuseBudget.Noise);
        }
        else if (Spend(stream.IsAnswered || _isClient ? AbuseBudget.Reset : AbuseBudget.EarlyReset))
        {
            Forget(stream, null);
            if (IsAnswerWhole(stream))
            {
                stream.StopSending();
            }
            else
            {
                stream.Lose(code, isByPeer: true, $"stream reset by the peer: {code}");
            }
        }
    }

    private void OnPing(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != 8 || _frame.StreamId != 0)
        {
            Violation(payload.Length != 8 ? Http2Error.FrameSizeError : Http2Error.ProtocolError, "a malformed PING frame");
            return;
        }

        ulong value = BinaryPrimitives.ReadUInt64BigEndian(payload);
        if (!_frame.Has(FrameFlags.Ack))
        {
            // One ping for DATA of ours measures the way, as gRPC's libraries do with every answer; others are noise that we have to answer.
            int cost = _hasSentData ? 0 : AbuseBudget.Ping;
            _hasSentData = false;
            if (Spend(cost))
            {
                SendPing(value, ack: true);
            }
        }
        else if (_isDrainAnnounced && value == DrainPing)
        {
            // Whatever was on its way when we spoke has arrived.
            EndAnnouncement();
        }
    }

    private void OnGoAway(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 8 || _frame.StreamId != 0)
        {
            Violation(payload.Length < 8 ? Http2Error.FrameSizeError : Http2Error.ProtocolError, "a malformed GOAWAY frame");
            return;
        }

        int last = (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & 0x7fffffff);
        _goAwayLastId = Math.Min(_goAwayLastId, last);
        IsLeaving = true;
        if (_isClient)
        {
            foreach (Http2Stream stream in _streams.Values.Where(s => s.Id > _goAwayLastId).ToArray())
            {
                _streams.Remove(stream.Id);
                stream.Lose(Http2Error.RefusedStream, isByPeer: true, "the endpoint went away");
            }
        }

        OnGoAway();
        CloseIfDone();
    }

    private void OnWindowUpdate(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != 4)
        {
            Violation(Http2Error.FrameSizeError, "a malformed WINDOW_UPDATE frame");
            return;
        }

        int increment = (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & 0x7fffffff);
        int id = _frame.StreamId;
        if (increment < 1024 && !Spend(AbuseBudget.Noise))
        {
            return;
        }

        if (id == 0)
        {
            if (increment == 0 || _sendWindow > int.MaxValue - increment)
            {
                Violation(increment == 0 ? Http2Error.ProtocolError : Http2Error.FlowControlError, "the connection's window grows by nothing or beyond 2^31-1");
                return;
            }

            _sendWindow += increment;
            ServeWaiting();
        }
        else if (_streams.TryGetValue(id, out Http2Stream? stream))
        {
            if (increment == 0 || (stream.SendWindow > 0 && stream.SendWindow > int.MaxValue - increment))
            {
                Refuse(stream, increment == 0 ? Http2Error.ProtocolError : Http2Error.FlowControlError, "the stream's window grows by nothing or beyond 2^31-1");
                return;
            }

            stream.SendWindow += increment;
            stream.Flush();
        }
        else if (IsIdle(id))
        {
            Violation(Http2Error.ProtocolError, "WINDOW_UPDATE on an idle stream");
        }
    }

    private void OnSettings(ReadOnlySpan<byte> payload)
    {
        if (_frame.StreamId != 0 || payload.Length % 6 != 0 || (_frame.Has(FrameFlags.Ack) && payload.Length != 0))
        {
            Violation(_frame.StreamId != 0 ? Http2Error.ProtocolError : Http2Error.FrameSizeError, "a malformed SETTINGS frame");
            return;
        }

        if (_frame.Has(FrameFlags.Ack))
        {
            if (!_settingsAcknowledged)
            {
                _settingsAcknowledged = true;
                _decoder.OnTableSizeAcknowledged();
            }
            else
            {
                Spend(AbuseBudget.Noise);
            }

            return;
        }

        if (_settingsSeen && !Spend(AbuseBudget.Settings + (payload.Length / 6)))
        {
            return;
        }

        for (; payload.Length >= 6 && !_isOver; payload = payload[6..])
        {
            Apply((SettingId)BinaryPrimitives.ReadUInt16BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[2..]));
        }

        _settingsSeen = true;
        if (!_isOver)
        {
            SendFrame(0, FrameType.Settings, FrameFlags.Ack, []);
        }
    }

    private void Apply(SettingId id, uint value)
    {
        switch (id)
        {
            case SettingId.InitialWindowSize when value > int.MaxValue:
                Violation(Http2Error.FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE beyond 2^31-1");
                break;
            case SettingId.InitialWindowSize:
                ChangeInitialWindow((int)value);
                break;
            case SettingId.MaxFrameSize when value is < 16384 or > 16777215:
                Violation(Http2Error.ProtocolError, "SETTINGS_MAX_FRAME_SIZE out of range");
                break;
            case SettingId.MaxConcurrentStreams:
                PeerMaxStreams = (int)Math.Min(value, int.MaxValue);
                break;
            case SettingId.EnablePush when value > 1 || (_isClient && value == 1):
                Violation(Http2Error.ProtocolError, "SETTINGS_ENABLE_PUSH out of range");
                break;
        }
    }

    private void ChangeInitialWindow(int value)
    {
        long change = (long)value - _peerInitialWindow;
        _peerInitialWindow = value;
        foreach (Http2Stream stream in _streams.Values.ToArray())
        {
            long window = stream.SendWindow + change;
            if (window > int.MaxValue)
            {
                Violation(Http2Error.FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE makes a window overflow");
                return;
            }

            stream.SendWindow = (int)window;
            if (change > 0)
            {
                stream.Flush();
            }
        }
    }
}
