using System.Buffers.Binary;
using System.Text;
using Ambient.Hbone.Frames;

namespace Ambient.Waypoint.Tests.Http2;

/// <summary>Frames as a peer would write them, right or wrong.</summary>
internal static class Wire
{
    public static byte[] Preface { get; } = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(FrameType.Settings, 0, 0)];

    public static byte[] Frame(FrameType type, byte flags, int stream, params ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[FrameHeader.Size + payload.Length];
        FrameHeader.Write(frame.AsSpan(), payload.Length, type, flags, stream);
        payload.CopyTo(frame.AsSpan(FrameHeader.Size));
        return frame;
    }

    public static byte[] Number(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>A header block of literals.</summary>
    public static byte[] Block(params (string Name, string Value)[] fields)
    {
        List<byte> block = [];
        foreach ((string name, string value) in fields)
        {
            block.Add(0);
            Text(block, name);
            Text(block, value);
        }

        return [.. block];
    }

    public static byte[] Get(int stream, params (string Name, string Value)[] more) => Frame(
        FrameType.Headers,
        FrameFlags.EndHeaders | FrameFlags.EndStream,
        stream,
        Block([(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/"), .. more]));

    /// <summary>The frames in some bytes, as "Type stream" or "GoAway code".</summary>
    public static List<string> Read(ReadOnlySpan<byte> bytes)
    {
        List<string> frames = [];
        while (bytes.Length >= FrameHeader.Size)
        {
            FrameHeader header = FrameHeader.Read(bytes);
            ReadOnlySpan<byte> payload = bytes.Slice(FrameHeader.Size, header.Length);
            frames.Add(header.Type switch
            {
                FrameType.GoAway => $"GoAway {(Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload[4..])}",
                FrameType.RstStream => $"Reset {header.StreamId} {(Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload)}",
                _ => $"{header.Type} {header.StreamId}",
            });
            bytes = bytes[(FrameHeader.Size + header.Length)..];
        }

        return frames;
    }

    private static void Text(List<byte> block, string text)
    {
        int length = Encoding.Latin1.GetByteCount(text);
        if (length < 127)
        {
            block.Add((byte)length);
        }
        else
        {
            block.Add(127);
            for (length -= 127; length >= 128; length >>= 7)
            {
                block.Add((byte)(length | 0x80));
            }

            block.Add((byte)length);
        }

        block.AddRange(Encoding.Latin1.GetBytes(text));
    }
}
