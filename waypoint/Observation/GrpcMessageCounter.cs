using System.Buffers.Binary;

namespace Ambient.Waypoint.Observation;

/// <summary>Counts the length-prefixed messages of a gRPC body as it passes (five bytes before each: a flag and the length). Loop-affine.</summary>
internal struct GrpcMessageCounter
{
    private const int PrefixLength = 5;

    private ulong _prefix;
    private int _prefixRead;
    private uint _left;

    /// <summary>Messages whose prefix has passed.</summary>
    public long Count { get; private set; }

    /// <summary>A part of the body.</summary>
    public void Add(ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            if (_left > 0)
            {
                int skipped = (int)Math.Min(_left, (uint)data.Length);
                _left -= (uint)skipped;
                data = data[skipped..];
                continue;
            }

            if (_prefixRead == 0 && data.Length >= PrefixLength)
            {
                _left = BinaryPrimitives.ReadUInt32BigEndian(data[1..]);
                data = data[PrefixLength..];
                Count++;
                continue;
            }

            _prefix = (_prefix << 8) | data[0];
            data = data[1..];
            if (++_prefixRead == PrefixLength)
            {
                _left = (uint)_prefix;
                _prefix = 0;
                _prefixRead = 0;
                Count++;
            }
        }
    }
}
