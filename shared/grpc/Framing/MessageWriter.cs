using System.Buffers.Binary;
using Google.Protobuf;

namespace Ambient.Grpc.Framing;

/// <summary>Puts messages into gRPC's frames. Stateless.</summary>
public static class MessageWriter
{
    private const int PrefixSize = 5;

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
