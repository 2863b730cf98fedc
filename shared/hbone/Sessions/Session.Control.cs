using System.Buffers.Binary;
using Ambient.Hbone.Frames;
using Ambient.Mesh.Connections;

namespace Ambient.Hbone.Sessions;

/// <content>Control frames but header blocks (RFC 9113 sections 6.3 to 6.9).</content>
public sealed unsafe partial class Session
{
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
        if (!_streams.TryGetValue(_frame.StreamId, out TunnelStream? stream))
        {
            Spend(AbuseBudget.Noise);
            return;
        }

        if (Spend(stream.IsOpened || _isClient ? AbuseBudget.Reset : AbuseBudget.EarlyReset))
        {
            Finish(stream, null);
            stream.End(new StreamClosure(CloseReason.PeerReset, code, true, 0, $"stream reset by the peer: {code}"), isError: code != Http2Error.NoError);
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
        if (_frame.Has(FrameFlags.Ack))
        {
            OnPingAnswered(value);
        }
        else if (Spend(AbuseBudget.Ping))
        {
            SendPing(value, ack: true);
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
        Http2Error code = (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload[4..]);
        _goAwayLastId = Math.Min(_goAwayLastId, last);
        if (Phase == SessionPhase.Open)
        {
            Phase = SessionPhase.Draining;
            Owner.OnClosing(this);
        }

        if (_isClient)
        {
            foreach (TunnelStream stream in _streams.Values.Where(s => s.Id > _goAwayLastId).ToArray())
            {
                Finish(stream, null);
                stream.Close(new StreamClosure(CloseReason.Http2Failure, Http2Error.RefusedStream, true, 0, $"the peer went away: {code}"));
            }
        }

        CloseIfDrained();
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
            Wake(_waitingForWindow);
        }
        else if (_streams.TryGetValue(id, out TunnelStream? stream))
        {
            if (increment == 0 || (stream.SendWindow > 0 && stream.SendWindow > int.MaxValue - increment))
            {
                Refuse(stream, increment == 0 ? Http2Error.ProtocolError : Http2Error.FlowControlError, "the stream's window grows by nothing or beyond 2^31-1");
                return;
            }

            stream.SendWindow += increment;
            Loop.RunLater(stream);
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
            OnSettingsAcknowledged();
            return;
        }

        if (_settingsSeen && !Spend(AbuseBudget.Settings + (payload.Length / 6)))
        {
            return;
        }

        for (; payload.Length >= 6 && Phase != SessionPhase.Closed; payload = payload[6..])
        {
            Apply((SettingId)BinaryPrimitives.ReadUInt16BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[2..]));
        }

        if (Phase == SessionPhase.Closed)
        {
            return;
        }

        if (!_settingsSeen)
        {
            _settingsSeen = true;
            Schedule(_settings.PingInterval);
        }

        WriteFrame(0, FrameType.Settings, FrameFlags.Ack, 0);
    }

    // We send our settings once, so one acknowledgement has a meaning.
    private void OnSettingsAcknowledged()
    {
        if (_settingsAcknowledged)
        {
            Spend(AbuseBudget.Noise);
        }
        else
        {
            _settingsAcknowledged = true;
            _decoder.OnTableSizeAcknowledged();
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
                _peerMaxStreams = (int)Math.Min(value, int.MaxValue);
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
        foreach (TunnelStream stream in _streams.Values)
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
                Loop.RunLater(stream);
            }
        }
    }
}
