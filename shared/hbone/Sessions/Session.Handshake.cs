using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Records;

namespace Ambient.Hbone.Sessions;

/// <content>TCP connect, TLS handshake, the first frames, and the timer.</content>
public sealed unsafe partial class Session
{
    private const ulong KeepAlivePing = 0x616d6269656e7401;
    private const ulong DrainPing = 0x616d6269656e7402;

    private Handshake? _handshake;
    private RecordLayer? _records;
    private bool _settingsSeen;
    private bool _settingsAcknowledged;
    private bool _pingOutstanding;
    private bool _activeSincePing;
    private bool _heardSinceTimer;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>The timer fired.</summary>
    internal void OnTimer()
    {
        switch (Phase)
        {
            case SessionPhase.Closed:
                return;
            case SessionPhase.Connecting:
                Abort(CloseReason.HboneConnectTimeout, "connection timed out, maybe a NetworkPolicy is blocking HBONE port 15008: deadline has elapsed");
                return;
            case SessionPhase.Handshaking:
                Abort(CloseReason.HandshakeTimeout, "the peer did not finish the TLS handshake in time");
                return;
            case SessionPhase.Closing when _out != null && _sentSinceTimer:
                // A slow reader, not a dead one.
                _sentSinceTimer = false;
                Schedule(_settings.CloseTimeout);
                return;
            case SessionPhase.Closing:
                Abort(CloseReason.Completed, "drained, the peer did not close");
                return;
        }

        if (!_settingsSeen)
        {
            Abort(CloseReason.HandshakeTimeout, "the peer did not send its HTTP/2 settings in time", Http2Error.SettingsTimeout);
        }
        else if (_pingOutstanding && _heardSinceTimer)
        {
            // The answer may wait behind megabytes of data on a slow path; who speaks is alive.
            _heardSinceTimer = false;
            Schedule(_settings.PingTimeout);
        }
        else if (_pingOutstanding)
        {
            Abort(CloseReason.KeepAliveTimeout, "the peer does not answer pings");
        }
        else
        {
            KeepAlive();
        }
    }

    private void KeepAlive()
    {
        if (!_activeSincePing)
        {
            _records!.ReleaseIdleMemory();
        }

        _activeSincePing = false;
        _heardSinceTimer = false;
        _pingOutstanding = true;
        SendPing(KeepAlivePing);
        Schedule(_settings.PingTimeout);
    }

    private void OnPingAnswered(ulong payload)
    {
        if (payload == KeepAlivePing && _pingOutstanding)
        {
            _pingOutstanding = false;
            _activeSincePing = false;
            Schedule(_settings.PingInterval);
        }
        else if (payload == DrainPing && _drainPinged)
        {
            // Every stream that was on its way when we said goodbye has arrived.
            _drainPinged = false;
            SendGoAway(_lastPeerStreamId, Http2Error.NoError);
            CloseIfDrained();
        }
        else
        {
            Spend(AbuseBudget.Noise);
        }
    }

    private void Schedule(TimeSpan delay) => Loop.Timers.Schedule(_timer, Loop.NowMilliseconds + (long)delay.TotalMilliseconds);

    private bool FinishConnect(PollEvents events)
    {
        if ((events & (PollEvents.Out | PollEvents.Error | PollEvents.HangUp)) == PollEvents.None)
        {
            return false;
        }

        SysResult pending = SocketIo.PendingError(Descriptor);
        if (pending.IsError)
        {
            Abort(CloseReason.ConnectFailed, $"io error: {pending}");
            return false;
        }

        SocketIo.LocalAddress(Descriptor, out SocketAddress local);
        SocketIo.PeerAddress(Descriptor, out SocketAddress remote);
        (LocalAddress, RemoteAddress) = (local, remote);
        Phase = SessionPhase.Handshaking;
        Schedule(_settings.HandshakeTimeout);
        _handshake!.Advance([], out _);
        return WriteHandshake();
    }

    /// <summary>Feeds the handshake; returns the bytes consumed, negative when the session is gone.</summary>
    private int HandshakeInput(byte* input, int length)
    {
        HandshakeStatus status = _handshake!.Advance(new ReadOnlySpan<byte>(input, length), out int consumed);
        switch (status)
        {
            case HandshakeStatus.Failed:
                // The alert if the socket takes it; a peer that is gone by now must not hide why.
                SocketIo.Write(Descriptor, _handshake.Output);
                TlsFailure failure = _handshake.Failure!;
                Abort(failure.Reason, failure.Text);
                return -1;
            case HandshakeStatus.Completed:
                Establish();
                break;
            default:
                WriteHandshake();
                break;
        }

        return Phase == SessionPhase.Closed ? -1 : consumed;
    }

    private bool WriteHandshake()
    {
        while (!_handshake!.Output.IsEmpty)
        {
            SysResult written = SocketIo.Write(Descriptor, _handshake.Output);
            if (written.IsError)
            {
                if (!written.Is(Errno.EAGAIN))
                {
                    Abort(CloseReason.TlsFailure, $"io error: {written}");
                }

                return false;
            }

            _handshake.AdvanceOutput((int)written.Value);
        }

        return true;
    }

    private void Establish()
    {
        Handshake handshake = _handshake!;
        Peer = handshake.Peer;
        _records = handshake.TakeRecordLayer();
        Phase = SessionPhase.Open;

        // The last flight goes in front of the first records, in the same system call.
        AppendRaw(handshake.Output);
        handshake.Dispose();
        _handshake = null;
        SendFirstFrames();
        Owner.OnEstablished(this);
        if (Phase == SessionPhase.Open && _unsent is { } unsent)
        {
            _unsent = null;
            foreach (TunnelStream stream in unsent)
            {
                if (!stream.IsClosed)
                {
                    Begin(stream);
                }
            }
        }

        if (_drainWhenOpen)
        {
            Drain();
        }
    }

    private void SendFirstFrames()
    {
        if (_isClient)
        {
            Preface.CopyTo(new Span<byte>(Reserve(Preface.Length), Preface.Length));
        }

        Span<(SettingId Id, int Value)> settings =
        [
            (SettingId.HeaderTableSize, 0),
            (SettingId.InitialWindowSize, InitialReceiveWindow),
            (SettingId.MaxFrameSize, _settings.FrameSize),
            (SettingId.MaxHeaderListSize, _settings.MaxHeaderListSize),
            _isClient ? (SettingId.EnablePush, 0) : (SettingId.MaxConcurrentStreams, _settings.MaxConcurrentStreams),
        ];
        SendSettings(settings);
        _receiveWindow = DefaultWindow;
        int raise = _settings.ConnectionWindow - DefaultWindow;
        if (raise > 0)
        {
            _receiveWindow += raise;
            SendWindowUpdate(0, raise);
        }
    }
}
