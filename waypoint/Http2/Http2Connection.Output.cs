using System.Buffers.Binary;
using Ambient.Hbone.Frames;
using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http2;

/// <content>Every frame that we send, and whose turn it is (RFC 9113 section 5.2).</content>
internal abstract partial class Http2Connection
{
    private const int DefaultWindow = 65535;
    private const int MaxData = 16 * 1024;

    private readonly Queue<Http2Stream> _waiting = new();
    private int _sendWindow = DefaultWindow;
    private bool _hasSentData;
    private int _peerInitialWindow = DefaultWindow;

    /// <summary>Whether the pipe takes no more for now.</summary>
    public bool IsOutputFull => Pipe.IsFull;

    /// <summary>Sends what windows and the pipe allow of a stream's bytes; how many.</summary>
    public int SendData(Http2Stream stream, ReadOnlySpan<byte> data)
    {
        int sent = 0;
        while (sent < data.Length && !_isOver)
        {
            int part = Math.Min(Math.Min(data.Length - sent, MaxData), Math.Min(_sendWindow, stream.SendWindow));
            if (part <= 0)
            {
                break;
            }

            SendFrame(stream.Id, FrameType.Data, FrameFlags.None, data.Slice(sent, part));
            _hasSentData = true;
            _sendWindow -= part;
            stream.SendWindow -= part;
            sent += part;
        }

        return sent;
    }

    /// <summary>Ends a stream's direction.</summary>
    public void SendEnd(Http2Stream stream, FieldList? trailers)
    {
        if (_isOver)
        {
            return;
        }

        if (trailers is { Count: > 0 })
        {
            FieldBlock.Trailers(Pipe, stream.Id, trailers);
        }
        else
        {
            SendFrame(stream.Id, FrameType.Data, FrameFlags.EndStream, []);
        }
    }

    /// <summary>The stream has bytes that the connection's window does not take.</summary>
    public void Wait(Http2Stream stream)
    {
        if (!stream.IsWaiting)
        {
            stream.IsWaiting = true;
            _waiting.Enqueue(stream);
        }
    }

    /// <summary>Credit for the peer.</summary>
    public void SendWindowUpdate(int streamId, int increment)
    {
        if (!_isOver)
        {
            Span<byte> payload = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(payload, increment);
            SendFrame(streamId, FrameType.WindowUpdate, FrameFlags.None, payload);
        }
    }

    /// <summary>Our settings, and the window of the connection.</summary>
    protected void SendSettings()
    {
        Span<byte> payload = stackalloc byte[30];
        int length = 0;
        Setting(payload, ref length, SettingId.InitialWindowSize, Http2Limits.StreamWindow);
        Setting(payload, ref length, SettingId.MaxHeaderListSize, Http2Limits.HeaderList);
        Setting(payload, ref length, SettingId.HeaderTableSize, Http2Limits.TableSize);
        if (_isClient)
        {
            Setting(payload, ref length, SettingId.EnablePush, 0);
        }
        else
        {
            Setting(payload, ref length, SettingId.MaxConcurrentStreams, Http2Limits.MaxStreams);
            Setting(payload, ref length, SettingId.EnableConnectProtocol, 1);
        }

        SendFrame(0, FrameType.Settings, FrameFlags.None, payload[..length]);
        SendWindowUpdate(0, Http2Limits.ConnectionWindow - DefaultWindow);
    }

    private static void Setting(Span<byte> payload, ref int length, SettingId id, int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(payload[length..], (ushort)id);
        BinaryPrimitives.WriteInt32BigEndian(payload[(length + 2)..], value);
        length += 6;
    }

    /// <summary>Each stream that waits gets one frame per round, so that a large one does not hold the small ones up.</summary>
    public void ServeWaiting()
    {
        while (_waiting.Count > 0 && _sendWindow > 0 && !Pipe.IsFull && !_isOver)
        {
            Http2Stream stream = _waiting.Dequeue();
            stream.IsWaiting = false;
            stream.FlushSome(MaxData);
        }
    }

    private void SendReset(int streamId, Http2Error code)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(payload, (uint)code);
        SendFrame(streamId, FrameType.RstStream, FrameFlags.None, payload);
    }

    /// <summary>Writes a PING.</summary>
    protected void SendPing(ulong value, bool ack)
    {
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(payload, value);
        SendFrame(0, FrameType.Ping, ack ? FrameFlags.Ack : FrameFlags.None, payload);
    }

    /// <summary>Says goodbye.</summary>
    protected void SendGoAway(int lastStreamId, Http2Error code)
    {
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(payload, lastStreamId);
        BinaryPrimitives.WriteUInt32BigEndian(payload[4..], (uint)code);
        SendFrame(0, FrameType.GoAway, FrameFlags.None, payload);
    }

    private void SendFrame(int streamId, FrameType type, byte flags, ReadOnlySpan<byte> payload)
    {
        Span<byte> frame = stackalloc byte[FrameHeader.Size + 32];
        FrameHeader.Write(frame, payload.Length, type, flags, streamId);
        if (payload.Length <= 32)
        {
            payload.CopyTo(frame[FrameHeader.Size..]);
            Pipe.Send(frame[..(FrameHeader.Size + payload.Length)]);
            return;
        }

        Pipe.Send(frame[..FrameHeader.Size]);
        Pipe.Send(payload);
    }
}
