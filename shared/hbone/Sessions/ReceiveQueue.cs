using System.Runtime.InteropServices;
using Ambient.Linux.Sockets;

namespace Ambient.Hbone.Sessions;

/// <summary>Received bytes that the local side has not taken yet. Native memory, freed when empty; bounded by the stream's window. Loop-affine.</summary>
internal unsafe struct ReceiveQueue
{
    private const int Smallest = 4096;
    private byte* _buffer;
    private int _capacity;
    private int _offset;

    /// <summary>Bytes waiting.</summary>
    public int Length { get; private set; }

    /// <summary>The waiting bytes as one vector.</summary>
    public readonly IoVector Front => new() { Address = (nint)(_buffer + _offset), Length = (nuint)Length };

    public void Append(byte* bytes, int count)
    {
        if (_offset + Length + count > _capacity)
        {
            if (_offset > 0)
            {
                Buffer.MemoryCopy(_buffer + _offset, _buffer, _capacity, Length);
                _offset = 0;
            }

            if (Length + count > _capacity)
            {
                _capacity = Math.Max(Math.Max(_capacity * 2, Smallest), Length + count);
                _buffer = (byte*)NativeMemory.Realloc(_buffer, (nuint)_capacity);
            }
        }

        Buffer.MemoryCopy(bytes, _buffer + _offset + Length, count, count);
        Length += count;
    }

    public void Take(int count)
    {
        _offset += count;
        Length -= count;
        if (Length == 0)
        {
            Clear();
        }
    }

    public void Clear()
    {
        NativeMemory.Free(_buffer);
        _buffer = null;
        _capacity = _offset = Length = 0;
    }
}
