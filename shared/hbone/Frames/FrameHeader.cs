using System.Buffers.Binary;

namespace Ambient.Hbone.Frames;

/// <summary>
/// The nine bytes in front of every frame (RFC 9113 section 4.1). Immutable.
/// <code>
/// +-----------------------------------------------+
/// |                 Length (24)                   |
/// +---------------+---------------+---------------+
/// |   Type (8)    |   Flags (8)   |
/// +-+-------------+---------------+-------------------------------+
/// |R|                 Stream Identifier (31)                      |
/// +-+-------------------------------------------------------------+
/// </code>
/// </summary>
/// <param name="length">Payload bytes.</param>
/// <param name="type">The frame's type.</param>
/// <param name="flags">Its flags.</param>
/// <param name="streamId">Its stream; 0 is the connection.</param>
public readonly struct FrameHeader(int length, FrameType type, byte flags, int streamId)
{
    /// <summary>Bytes of a frame header.</summary>
    public const int Size = 9;

    /// <summary>Payload bytes.</summary>
    public int Length { get; } = length;

    /// <summary>The frame's type.</summary>
    public FrameType Type { get; } = type;

    /// <summary>Its flags.</summary>
    public byte Flags { get; } = flags;

    /// <summary>Its stream; 0 is the connection.</summary>
    public int StreamId { get; } = streamId;

    /// <summary>Whether a flag is set.</summary>
    public bool Has(byte flag) => (Flags & flag) != 0;

    /// <summary>Reads a header from at least nine bytes; the reserved bit is ignored.</summary>
    public static FrameHeader Read(ReadOnlySpan<byte> source) => new(
        (source[0] << 16) | (source[1] << 8) | source[2],
        (FrameType)source[3],
        source[4],
        (int)(BinaryPrimitives.ReadUInt32BigEndian(source[5..]) & 0x7fffffff));

    /// <summary>Writes a header into at least nine bytes.</summary>
    public static unsafe void Write(Span<byte> destination, int length, FrameType type, byte flags, int streamId)
    {
        fixed (byte* start = destination[..Size])
        {
            Write(start, length, type, flags, streamId);
        }
    }

    /// <summary>Writes a header into at least nine bytes.</summary>
    public static unsafe void Write(byte* destination, int length, FrameType type, byte flags, int streamId)
    {
        destination[0] = (byte)(length >> 16);
        destination[1] = (byte)(length >> 8);
        destination[2] = (byte)length;
        destination[3] = (byte)type;
        destination[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(new Span<byte>(destination + 5, 4), streamId);
    }
}
