using System.Buffers.Binary;
using Google.Protobuf;

namespace Ambient.Grpc.Framing;

/// <summary>
/// Takes messages off a body: one byte of flags, four of length (big-endian), the message. Not thread-safe.
/// </summary>
/// <remarks>
/// Memory grows with the bytes that have come, not with the length that a peer claims, and is given back after a large message.
/// </remarks>
public sealed class MessageReader(Stream body, int maxMessageBytes)
{
    private const int PrefixSize = 5;
    private const int KeptBuffer = 64 * 1024;
    private readonly byte[] _prefix = new byte[PrefixSize];
    private byte[] _buffer = [];

    /// <summary>The next message, or null at the end of the body.</summary>
    /// <exception cref="GrpcException">The bytes are no message: compressed, too long, cut off, or not parsable.</exception>
    /// <exception cref="IOException">The transport failed.</exception>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellation)
        where T : class, IMessage<T>
    {
        int got = await body.ReadAtLeastAsync(_prefix, PrefixSize, throwOnEndOfStream: false, cancellation);
        if (got == 0)
        {
            return null;
        }

        if (got < PrefixSize)
        {
            throw new GrpcException(GrpcCode.Internal, "the stream ended in the middle of a message's prefix");
        }

        int length = CheckPrefix();
        await FillAsync(length, cancellation);
        try
        {
            return parser.ParseFrom(_buffer, 0, length);
        }
        catch (Exception malformed) when (malformed is InvalidProtocolBufferException or InvalidOperationException)
        {
            // The second kind is what the library throws for some malformed wrapper messages.
            throw new GrpcException(GrpcCode.Internal, $"a message of {length} bytes cannot be parsed: {malformed.Message}", malformed);
        }
        finally
        {
            if (_buffer.Length > KeptBuffer)
            {
                _buffer = [];
            }
        }
    }

    private int CheckPrefix()
    {
        if (_prefix[0] != 0)
        {
            throw new GrpcException(GrpcCode.Internal, _prefix[0] == 1 ? "a message is compressed although no compression was offered" : $"a message has the unknown flags {_prefix[0]}");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(_prefix.AsSpan(1));
        return length <= maxMessageBytes
            ? (int)length
            : throw new GrpcException(GrpcCode.ResourceExhausted, $"a message has {length} bytes, allowed are {maxMessageBytes}");
    }

    private async ValueTask FillAsync(int length, CancellationToken cancellation)
    {
        int filled = 0;
        while (filled < length)
        {
            if (filled == _buffer.Length || _buffer.Length == 0)
            {
                Array.Resize(ref _buffer, (int)Math.Min(length, Math.Max(4096L, _buffer.Length * 2L)));
            }

            int read = await body.ReadAsync(_buffer.AsMemory(filled, Math.Min(_buffer.Length, length) - filled), cancellation);
            if (read == 0)
            {
                throw new GrpcException(GrpcCode.Internal, $"the stream ended after {filled} of a message's {length} bytes");
            }

            filled += read;
        }
    }
}
