using Ambient.Hbone.Frames;
using Ambient.Mesh.Connections;

namespace Ambient.Hbone.Sessions;

/// <content>Control frames but header blocks (RFC 9113 sections 6.3 to 6.9).</content>
public sealed unsafe partial class Session
{
    private void OnPriority(ReadOnlySpan<byte> payload)
    {
        if (!IsViolated(FrameRules.Priority(_frame, payload.Length)))
        {
            Spend(AbuseBudget.Noise);
        }
    }

    private void OnReset(ReadOnlySpan<byte> payload)
    {
        if (IsViolated(FrameRules.Reset(IsIdle(_frame.StreamId), payload, out Http2Error code)))
        {
            return;
        }

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
        if (IsViolated(FrameRules.Ping(_frame, payload, out ulong value)))
        {
            return;
        }

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
        if (IsViolated(FrameRules.GoAway(_frame, payload, out int last, out Http2Error code)))
        {
            return;
        }

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
        if (IsViolated(FrameRules.WindowUpdate(payload, out int increment)))
        {
            return;
        }

        int id = _frame.StreamId;
        if (increment < 1024 && !Spend(AbuseBudget.Noise))
        {
            return;
        }

        if (id == 0)
        {
            if (IsViolated(FrameRules.Grow(_sendWindow, increment, out _sendWindow)))
            {
                return;
            }

            Wake(_waitingForWindow);
        }
        else if (_streams.TryGetValue(id, out TunnelStream? stream))
        {
            if (FrameRules.Grow(stream.SendWindow, increment, out int grown) is { } defect)
            {
                Refuse(stream, defect.Code, defect.What);
                return;
            }

            stream.SendWindow = grown;
            Loop.RunLater(stream);
        }
        else if (IsIdle(id))
        {
            Violation(Http2Error.ProtocolError, "WINDOW_UPDATE on an idle stream");
        }
    }

    private void OnSettings(ReadOnlySpan<byte> payload)
    {
        if (IsViolated(FrameRules.Settings(_frame, payload.Length)))
        {
            return;
        }

        if (_frame.Has(FrameFlags.Ack))
        {
            OnSettingsAcknowledged();
            return;
        }

        if (_settingsSeen && !Spend(AbuseBudget.Settings + FrameRules.CountSettings(payload.Length)))
        {
            return;
        }

        while (Phase != SessionPhase.Closed && FrameRules.TryNext(ref payload, out SettingId id, out uint value))
        {
            if (!IsViolated(FrameRules.Setting(id, value, _isClient)))
            {
                Apply(id, value);
            }
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
            case SettingId.InitialWindowSize:
                ChangeInitialWindow((int)value);
                break;
            case SettingId.MaxConcurrentStreams:
                _peerMaxStreams = (int)Math.Min(value, int.MaxValue);
                break;
        }
    }

    private void ChangeInitialWindow(int value)
    {
        long change = (long)value - _peerInitialWindow;
        _peerInitialWindow = value;
        foreach (TunnelStream stream in _streams.Values)
        {
            if (IsViolated(FrameRules.Shift(stream.SendWindow, change, out int shifted)))
            {
                return;
            }

            stream.SendWindow = shifted;
            if (change > 0)
            {
                Loop.RunLater(stream);
            }
        }
    }
}
