using System.Buffers.Binary;
using Google.Protobuf;

namespace Ambient.Grpc.Framing;

/// <summary>Puts messages into gRPC's frames. Stateless.</summary>
public static class MessageWriter
{
    private const int PrefixSize = 5;

    /// <summary>The beginning of a message whose rest, of the given length in bytes, follows in pieces.</summary>
    public static byte[] FrameStart(IMessage start, int restBytes)
    {
        int length = start.CalculateSize();
        byte[] frame = new byte[PrefixSize + length];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)(length + restBytes));
        start.WriteTo(frame.AsSpan(PrefixSize));
        return frame;
    }

    /// <summary>A message with its prefix.</summary>
    public static byte[] Frame(IMessage message)
    {
        int length = message.CalculateSize();
        byte[] frame = new byte[PrefixSize + length];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)length);
        message.WriteTo(frame.AsSpan(PrefixSize));
        return frame;
    }
}
