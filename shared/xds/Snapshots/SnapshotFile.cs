using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Ambient.Protocol.Envoy.Discovery;
using Google.Protobuf;

namespace Ambient.Xds.Snapshots;

/// <summary>
/// A file of changes, each a <see cref="DeltaDiscoveryResponse"/> without nonce: eight bytes of format, sixteen of the writer's mark, then
/// records of length, its complement, CRC-32C (all little-endian) and message. What a crash left unfinished at the end is not read; with the
/// complement a damaged length does not look like that. Not thread-safe.
/// </summary>
internal sealed class SnapshotFile : IDisposable
{
    internal const int HeaderLength = 24;
    private const int RecordHeaderLength = 12;
    private readonly FileStream _file;
    private byte[] _buffer = new byte[4096];

    private SnapshotFile(FileStream file, byte[] mark)
    {
        _file = file;
        Mark = mark;
    }

    /// <summary>Tells whose file it is.</summary>
    internal byte[] Mark { get; }

    internal long Length => _file.Length;

    private static ReadOnlySpan<byte> Format => "AMBXDS02"u8;

    /// <summary>An empty file that only its owner may read; an old one of that name is replaced.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static SnapshotFile Create(string path)
    {
        File.Delete(path);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        var file = new SnapshotFile(new FileStream(path, options), RandomNumberGenerator.GetBytes(HeaderLength - 8));
        file._file.Write([.. Format, .. file.Mark]);
        return file;
    }

    /// <summary>A file to read; null when there is none, or it is not one of this format.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static SnapshotFile? TryOpen(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        byte[] header = new byte[HeaderLength];
        if (stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length && header.AsSpan().StartsWith(Format))
        {
            return new SnapshotFile(stream, header[Format.Length..]);
        }

        stream.Dispose();
        return null;
    }

    /// <summary>
    /// Whether every record is whole, but for what a crash left at the end. A damaged record with others behind it makes all of it doubtful:
    /// what is missing could be a removal or a policy.
    /// </summary>
    internal bool IsSound()
    {
        long at = HeaderLength;
        bool isDamaged;
        while (TryRead(at, out ReadOnlyMemory<byte> message, out isDamaged))
        {
            at += RecordHeaderLength + message.Length;
        }

        return !isDamaged;
    }

    /// <summary>The records that are whole, in order. The message is valid until the next one is read.</summary>
    internal IEnumerable<DeltaDiscoveryResponse> Records()
    {
        long at = HeaderLength;
        while (TryRead(at, out ReadOnlyMemory<byte> message, out _))
        {
            at += RecordHeaderLength + message.Length;
            yield return DeltaDiscoveryResponse.Parser.ParseFrom(message.Span);
        }
    }

    /// <exception cref="IOException">It cannot be written; the file ends with what was whole before.</exception>
    internal void Append(DeltaDiscoveryResponse record)
    {
        int length = record.CalculateSize();
        Span<byte> whole = Buffer(RecordHeaderLength + length).AsSpan(0, RecordHeaderLength + length);
        record.WriteTo(whole[RecordHeaderLength..]);
        BinaryPrimitives.WriteInt32LittleEndian(whole, length);
        BinaryPrimitives.WriteInt32LittleEndian(whole[4..], ~length);
        BinaryPrimitives.WriteUInt32LittleEndian(whole[8..], Checksum(whole[RecordHeaderLength..]));
        _file.Seek(0, SeekOrigin.End);
        _file.Write(whole);
    }

    /// <summary>Returns when the machine may lose its power.</summary>
    internal void Sync() => _file.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint checksum = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            checksum = BitOperations.Crc32C(checksum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (byte b in bytes)
        {
            checksum = BitOperations.Crc32C(checksum, b);
        }

        return ~checksum;
    }

    private bool TryRead(long at, out ReadOnlyMemory<byte> message, out bool isDamaged)
    {
        message = default;
        isDamaged = false;
        long rest = _file.Length - at - RecordHeaderLength;
        if (rest < 0)
        {
            return false;
        }

        _file.Seek(at, SeekOrigin.Begin);
        Span<byte> header = stackalloc byte[RecordHeaderLength];
        _file.ReadExactly(header);
        int length = BinaryPrimitives.ReadInt32LittleEndian(header);
        isDamaged = length <= 0 || BinaryPrimitives.ReadInt32LittleEndian(header[4..]) != ~length;
        if (isDamaged || length > rest)
        {
            return false;
        }

        byte[] buffer = Buffer(length);
        _file.ReadExactly(buffer, 0, length);
        if (Checksum(buffer.AsSpan(0, length)) != BinaryPrimitives.ReadUInt32LittleEndian(header[8..]))
        {
            isDamaged = length < rest;
            return false;
        }

        message = buffer.AsMemory(0, length);
        return true;
    }

    private byte[] Buffer(int length)
    {
        if (_buffer.Length < length)
        {
            _buffer = new byte[BitOperations.RoundUpToPowerOf2((uint)length)];
        }

        return _buffer;
    }
}
