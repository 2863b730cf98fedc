using System.Buffers;

namespace Ambient.Waypoint.Pipes;

/// <summary>Bytes on their way out: chunks from the shared pool, given back as soon as they are taken. Loop-affine.</summary>
internal sealed class OutputQueue
{
    private const int ChunkSize = 16 * 1024;

    private readonly Queue<(byte[] Bytes, int Length)> _full = new();
    private byte[]? _tail;
    private int _tailLength;
    private int _headOffset;

    /// <summary>Bytes that wait.</summary>
    public int Length { get; private set; }

    /// <summary>Adds bytes behind the others.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        while (bytes.Length > 0)
        {
            _tail ??= ArrayPool<byte>.Shared.Rent(ChunkSize);
            int part = Math.Min(bytes.Length, _tail.Length - _tailLength);
            bytes[..part].CopyTo(_tail.AsSpan(_tailLength));
            _tailLength += part;
            bytes = bytes[part..];
            if (_tailLength == _tail.Length)
            {
                _full.Enqueue((_tail, _tailLength));
                (_tail, _tailLength) = (null, 0);
            }
        }
    }

    /// <summary>The first bytes that wait; empty when none do.</summary>
    public ReadOnlySpan<byte> Front => _full.TryPeek(out (byte[] Bytes, int Length) first) ? first.Bytes.AsSpan(_headOffset, first.Length - _headOffset)
        : _tail is null ? default : _tail.AsSpan(_headOffset, _tailLength - _headOffset);

    /// <summary>Forgets the first bytes, which were sent.</summary>
    public void Take(int count)
    {
        Length -= count;
        _headOffset += count;
        if (_full.TryPeek(out (byte[] Bytes, int Length) first))
        {
            if (_headOffset == first.Length)
            {
                ArrayPool<byte>.Shared.Return(_full.Dequeue().Bytes);
                _headOffset = 0;
            }
        }
        else if (_headOffset == _tailLength)
        {
            Clear();
        }
    }

    /// <summary>Gives everything back.</summary>
    public void Clear()
    {
        while (_full.TryDequeue(out (byte[] Bytes, int Length) chunk))
        {
            ArrayPool<byte>.Shared.Return(chunk.Bytes);
        }

        if (_tail is not null)
        {
            ArrayPool<byte>.Shared.Return(_tail);
        }

        (_tail, _tailLength, _headOffset, Length) = (null, 0, 0, 0);
    }
}
