using System.Buffers.Binary;

namespace Ambient.Hbone.Frames;

/// <summary>
/// What makes a frame a connection error, the same for tunnels and for requests (RFC 9113 sections 4 to 6), and what its payload says. What becomes of a defect, and of
/// the frame, is the connection's. Pure.
/// </summary>
public static class FrameRules
{
    private const int SettingSize = 6;

    private static readonly FrameDefect TooLarge = new(Http2Error.FrameSizeError, "a frame is larger than our SETTINGS_MAX_FRAME_SIZE");
    private static readonly FrameDefect NotSettings = new(Http2Error.ProtocolError, "the first frame is not SETTINGS");
    private static readonly FrameDefect Interrupted = new(Http2Error.ProtocolError, "a header block was interrupted by another frame");
    private static readonly FrameDefect NoRoom = new(Http2Error.FrameSizeError, "a padded DATA frame has no room for its padding's length");
    private static readonly FrameDefect WindowStands = new(Http2Error.ProtocolError, "a window grows by nothing");
    private static readonly FrameDefect WindowOverflows = new(Http2Error.FlowControlError, "a window grows beyond 2^31-1");

    /// <summary>Whether a frame may come now (sections 3.4, 4.2, 4.3).</summary>
    /// <param name="frame">Its header.</param>
    /// <param name="largest">What our settings allow, bytes.</param>
    /// <param name="isFirst">Whether the peer's SETTINGS have not come yet.</param>
    /// <param name="block">The stream whose header block is not whole; 0 for none.</param>
    public static FrameDefect? Order(in FrameHeader frame, int largest, bool isFirst, int block) =>
        frame.Length > largest ? TooLarge
        : isFirst && (frame.Type != FrameType.Settings || frame.Has(FrameFlags.Ack)) ? NotSettings
        : block != 0 && (frame.Type != FrameType.Continuation || frame.StreamId != block) ? Interrupted
        : null;

    /// <summary>Whether the peer could not have a word to say about a stream yet (section 5.1).</summary>
    public static bool IsIdle(int streamId, bool isClient, int nextOwn, int lastOfPeer) =>
        streamId == 0 || (streamId & 1) == 0 || (isClient ? streamId >= nextOwn : streamId > lastOfPeer);

    /// <summary>The beginning of DATA (section 6.1).</summary>
    public static FrameDefect? Data(in FrameHeader frame) => frame.Length == 0 && frame.Has(FrameFlags.Padded) ? NoRoom : null;

    /// <summary>HEADERS (section 6.2): leaves the part of the header block.</summary>
    public static FrameDefect? Headers(in FrameHeader frame, ref ReadOnlySpan<byte> payload)
    {
        int padding = 0;
        if (frame.Has(FrameFlags.Padded))
        {
            padding = payload.IsEmpty ? int.MaxValue : payload[0];
            payload = payload.IsEmpty ? payload : payload[1..];
        }

        bool hasPriority = frame.Has(FrameFlags.Priority);
        bool isShort = hasPriority && payload.Length < 5;
        payload = hasPriority && !isShort ? payload[5..] : payload;
        if (isShort || padding > payload.Length || (frame.StreamId & 1) == 0)
        {
            return new FrameDefect(Http2Error.ProtocolError, "a malformed HEADERS frame");
        }

        payload = payload[..^padding];
        return null;
    }

    /// <summary>PRIORITY (section 6.3).</summary>
    public static FrameDefect? Priority(in FrameHeader frame, int length) => Sized(length == 5, frame.StreamId != 0, "a malformed PRIORITY frame");

    /// <summary>RST_STREAM (section 6.4).</summary>
    public static FrameDefect? Reset(bool isIdle, ReadOnlySpan<byte> payload, out Http2Error code)
    {
        code = payload.Length == 4 ? (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload) : default;
        return Sized(payload.Length == 4, !isIdle, "a malformed RST_STREAM, or one on an idle stream");
    }

    /// <summary>SETTINGS, but for what they say (section 6.5).</summary>
    public static FrameDefect? Settings(in FrameHeader frame, int length) =>
        frame.StreamId != 0 ? new FrameDefect(Http2Error.ProtocolError, "a malformed SETTINGS frame")
        : length % SettingSize != 0 || (frame.Has(FrameFlags.Ack) && length != 0) ? new FrameDefect(Http2Error.FrameSizeError, "a malformed SETTINGS frame")
        : null;

    /// <summary>Takes the next setting; false when there are no more.</summary>
    public static bool TryNext(ref ReadOnlySpan<byte> settings, out SettingId id, out uint value)
    {
        if (settings.Length < SettingSize)
        {
            (id, value) = (default, 0);
            return false;
        }

        (id, value) = ((SettingId)BinaryPrimitives.ReadUInt16BigEndian(settings), BinaryPrimitives.ReadUInt32BigEndian(settings[2..]));
        settings = settings[SettingSize..];
        return true;
    }

    /// <summary>How many settings a payload has.</summary>
    public static int CountSettings(int length) => length / SettingSize;

    /// <summary>One setting (section 6.5.2).</summary>
    public static FrameDefect? Setting(SettingId id, uint value, bool isClient) => id switch
    {
        SettingId.InitialWindowSize when value > int.MaxValue => new FrameDefect(Http2Error.FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE beyond 2^31-1"),
        SettingId.MaxFrameSize when value is < 16384 or > 16777215 => new FrameDefect(Http2Error.ProtocolError, "SETTINGS_MAX_FRAME_SIZE out of range"),
        SettingId.EnablePush when value > 1 || (isClient && value == 1) => new FrameDefect(Http2Error.ProtocolError, "SETTINGS_ENABLE_PUSH out of range"),
        SettingId.EnableConnectProtocol when value > 1 => new FrameDefect(Http2Error.ProtocolError, "SETTINGS_ENABLE_CONNECT_PROTOCOL out of range"),
        _ => null,
    };

    /// <summary>PING (section 6.7).</summary>
    public static FrameDefect? Ping(in FrameHeader frame, ReadOnlySpan<byte> payload, out ulong value)
    {
        value = payload.Length == 8 ? BinaryPrimitives.ReadUInt64BigEndian(payload) : 0;
        return Sized(payload.Length == 8, frame.StreamId == 0, "a malformed PING frame");
    }

    /// <summary>GOAWAY (section 6.8).</summary>
    public static FrameDefect? GoAway(in FrameHeader frame, ReadOnlySpan<byte> payload, out int last, out Http2Error code)
    {
        bool isLongEnough = payload.Length >= 8;
        last = isLongEnough ? (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & 0x7fffffff) : 0;
        code = isLongEnough ? (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload[4..]) : default;
        return Sized(isLongEnough, frame.StreamId == 0, "a malformed GOAWAY frame");
    }

    /// <summary>WINDOW_UPDATE (section 6.9), but for its effect.</summary>
    public static FrameDefect? WindowUpdate(ReadOnlySpan<byte> payload, out int increment)
    {
        increment = payload.Length == 4 ? (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & 0x7fffffff) : 0;
        return payload.Length == 4 ? null : new FrameDefect(Http2Error.FrameSizeError, "a malformed WINDOW_UPDATE frame");
    }

    /// <summary>Adds to a window (section 6.9.1); one that cannot grow stays as it is.</summary>
    public static FrameDefect? Grow(int window, int increment, out int grown)
    {
        grown = window;
        if (increment == 0)
        {
            return WindowStands;
        }

        if (window > 0 && window > int.MaxValue - increment)
        {
            return WindowOverflows;
        }

        grown = window + increment;
        return null;
    }

    /// <summary>What another initial window makes of a stream's (section 6.9.2); it may fall below zero.</summary>
    public static FrameDefect? Shift(int window, long change, out int shifted)
    {
        long sum = window + change;
        shifted = sum > int.MaxValue ? window : (int)sum;
        return sum > int.MaxValue ? new FrameDefect(Http2Error.FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE makes a window overflow") : null;
    }

    private static FrameDefect? Sized(bool isSized, bool isPlaced, string what) =>
        !isSized ? new FrameDefect(Http2Error.FrameSizeError, what) : isPlaced ? null : new FrameDefect(Http2Error.ProtocolError, what);
}
