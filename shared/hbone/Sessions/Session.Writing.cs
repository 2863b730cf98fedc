using System.Buffers.Binary;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;

namespace Ambient.Hbone.Sessions;

/// <content>Every frame that we send, but DATA with bytes in it.</content>
public sealed unsafe partial class Session
{
    private const int MaxHeaderBlock = 15 * 1024;

    internal void SendEnd(TunnelStream stream) => WriteFrame(0, FrameType.Data, FrameFlags.EndStream, stream.Id);

    internal void SendReset(int streamId, Http2Error code) =>
        BinaryPrimitives.WriteUInt32BigEndian(new Span<byte>(WriteFrame(4, FrameType.RstStream, FrameFlags.None, streamId), 4), (uint)code);

    internal void SendWindowUpdate(int streamId, int increment)
    {
        if (IsOpen)
        {
            BinaryPrimitives.WriteInt32BigEndian(new Span<byte>(WriteFrame(4, FrameType.WindowUpdate, FrameFlags.None, streamId), 4), increment);
        }
    }

    internal void SendResponse(TunnelStream stream, in ConnectResponse response, bool endStream)
    {
        Span<byte> block = stackalloc byte[512];
        int bound = HeaderWriter.Bound(response);
        HeaderWriter writer = new(bound <= block.Length ? block : new byte[bound]);
        if (bound > MaxHeaderBlock)
        {
            writer.Response(new ConnectResponse(response.Status));
        }
        else
        {
            writer.Response(response);
        }

        SendHeaders(stream.Id, writer.Written, endStream);
    }

    private bool TrySendRequest(TunnelStream stream)
    {
        int bound = HeaderWriter.Bound(stream.Request!);
        if (bound > MaxHeaderBlock)
        {
            return false;
        }

        Span<byte> block = stackalloc byte[1024];
        HeaderWriter writer = new(bound <= block.Length ? block : new byte[bound]);
        writer.Request(stream.Request!);
        SendHeaders(stream.Id, writer.Written, endStream: false);

        // Half a kilobyte of text that an idle tunnel has no use for.
        stream.Request = null;
        return true;
    }

    private void SendHeaders(int streamId, ReadOnlySpan<byte> block, bool endStream)
    {
        byte flags = (byte)(FrameFlags.EndHeaders | (endStream ? FrameFlags.EndStream : FrameFlags.None));
        block.CopyTo(new Span<byte>(WriteFrame(block.Length, FrameType.Headers, flags, streamId), block.Length));
    }

    private void SendSettings(ReadOnlySpan<(SettingId Id, int Value)> settings)
    {
        byte* payload = WriteFrame(settings.Length * 6, FrameType.Settings, FrameFlags.None, 0);
        foreach ((SettingId id, int value) in settings)
        {
            BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(payload, 2), (ushort)id);
            BinaryPrimitives.WriteInt32BigEndian(new Span<byte>(payload + 2, 4), value);
            payload += 6;
        }
    }

    private void SendPing(ulong payload, bool ack = false) =>
        BinaryPrimitives.WriteUInt64BigEndian(new Span<byte>(WriteFrame(8, FrameType.Ping, ack ? FrameFlags.Ack : FrameFlags.None, 0), 8), payload);

    private void SendGoAway(int lastStreamId, Http2Error code)
    {
        byte* payload = WriteFrame(8, FrameType.GoAway, FrameFlags.None, 0);
        BinaryPrimitives.WriteInt32BigEndian(new Span<byte>(payload, 4), lastStreamId);
        BinaryPrimitives.WriteUInt32BigEndian(new Span<byte>(payload + 4, 4), (uint)code);
    }

    /// <summary>Writes a frame header and returns where the payload belongs.</summary>
    private byte* WriteFrame(int length, FrameType type, byte flags, int streamId)
    {
        byte* frame = Reserve(FrameHeader.Size + length);
        FrameHeader.Write(frame, length, type, flags, streamId);
        return frame + FrameHeader.Size;
    }
}
