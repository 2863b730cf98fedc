using Ambient.Hbone.Frames;
using Ambient.Hbone.Sessions;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http2;

/// <content>Control frames but header blocks (RFC 9113 sections 6.3 to 6.9).</content>
internal abstract partial class Http2Connection
{
    private const ulong DrainPing = 0x616d_6269_656e_7421;

    private bool _isDrainAnnounced;
    private int _goAwayLastId = int.MaxValue;

    /// <summary>Streams that the peer lets us open.</summary>
    protected int PeerMaxStreams { get; private set; } = 100;

    /// <summary>Whether the peer takes CONNECT for other protocols (RFC 8441 section 3).</summary>
    protected bool PeerTakesUpgrades { get; private set; }

    /// <summary>Whether the peer has said what it allows.</summary>
    protected bool IsPeerKnown => _settingsSeen;

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
            Loop.Timers.Schedule(this, Loop.NowMilliseconds + WaitingTimes.LateRequests);
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

    /// <summary>The peer has said for the first time what it allows.</summary>
    protected virtual void OnPeerKnown()
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

    private bool IsIdle(int streamId) => FrameRules.IsIdle(streamId, _isClient, NextStreamId, LastPeerStreamId);

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
        if (IsViolated(FrameRules.Ping(_frame, payload, out ulong value)))
        {
            return;
        }

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
        if (IsViolated(FrameRules.GoAway(_frame, payload, out int last, out _)))
        {
            return;
        }

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

            ServeWaiting();
        }
        else if (_streams.TryGetValue(id, out Http2Stream? stream))
        {
            if (FrameRules.Grow(stream.SendWindow, increment, out int grown) is { } defect)
            {
                Refuse(stream, defect.Code, defect.What);
                return;
            }

            stream.SendWindow = grown;
            stream.Flush();
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

        if (_settingsSeen && !Spend(AbuseBudget.Settings + FrameRules.CountSettings(payload.Length)))
        {
            return;
        }

        while (!_isOver && FrameRules.TryNext(ref payload, out SettingId id, out uint value))
        {
            if (!IsViolated(FrameRules.Setting(id, value, _isClient)))
            {
                Apply(id, value);
            }
        }

        bool isFirst = !_settingsSeen;
        _settingsSeen = true;
        if (_isOver)
        {
            return;
        }

        SendFrame(0, FrameType.Settings, FrameFlags.Ack, []);
        if (isFirst)
        {
            OnPeerKnown();
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
                PeerMaxStreams = (int)Math.Min(value, int.MaxValue);
                break;
            case SettingId.EnableConnectProtocol when PeerTakesUpgrades && value == 0:
                Violation(Http2Error.ProtocolError, "SETTINGS_ENABLE_CONNECT_PROTOCOL was taken back");
                break;
            case SettingId.EnableConnectProtocol:
                PeerTakesUpgrades = value == 1;
                break;
        }
    }

    private void ChangeInitialWindow(int value)
    {
        long change = (long)value - _peerInitialWindow;
        _peerInitialWindow = value;
        foreach (Http2Stream stream in _streams.Values.ToArray())
        {
            if (IsViolated(FrameRules.Shift(stream.SendWindow, change, out int shifted)))
            {
                return;
            }

            stream.SendWindow = shifted;
            if (change > 0)
            {
                stream.Flush();
            }
        }
    }
}
