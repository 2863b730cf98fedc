using System.Buffers.Binary;
using System.Text;
using Ambient.Linux.Native;

namespace Ambient.Linux.Netlink;

/// <summary>Writes netlink messages and their attributes, one behind the other. For one thread at a time.</summary>
/// <remarks>
/// A message is a header of 16 bytes, a header of its family, and attributes: length (2), type (2), value, padded to 4. An attribute may hold others.
/// Lengths are filled in when a message or a nest is ended.
/// </remarks>
internal sealed class NetlinkWriter
{
    private byte[] _bytes = new byte[1024];
    private int _length;
    private int _message;
    private uint _sequence;

    /// <summary>All messages so far.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Begins a message; its family's header follows.</summary>
    public void Begin(ushort type, ushort flags)
    {
        _message = _length;
        Span<byte> header = Take(NetlinkReply.HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], ++_sequence);
    }

    /// <summary>Ends the message.</summary>
    public void End() => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(_message), (uint)(_length - _message));

    /// <summary>Bytes as they are: headers of families.</summary>
    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    /// <summary>An attribute with bytes.</summary>
    public void Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        int start = Open(type);
        value.CopyTo(Take(value.Length));
        Close(start);
    }

    /// <summary>An attribute with text and the NUL behind it.</summary>
    public void Text(ushort type, string value)
    {
        int start = Open(type);
        Encoding.ASCII.GetBytes(value, Take(value.Length + 1));
        Close(start);
    }

    /// <summary>An attribute with a number in network order, as netfilter wants it.</summary>
    public void Big(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>An attribute with a number in the machine's order, as routing wants it.</summary>
    public void Native(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>Begins an attribute that holds attributes; give the result to <see cref="Close"/>.</summary>
    public int Nest(ushort type) => Open((ushort)(type | Kernel.NLA_F_NESTED));

    /// <summary>Ends what <see cref="Nest"/> began.</summary>
    public void Close(int start)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(start), (ushort)(_length - start));
        Take(-_length & 3).Clear();
    }

    private int Open(ushort type)
    {
        int start = _length;
        BinaryPrimitives.WriteUInt16LittleEndian(Take(4)[2..], type);
        return start;
    }

    private Span<byte> Take(int count)
    {
        if (_length + count > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        }

        Span<byte> taken = _bytes.AsSpan(_length, count);
        taken.Clear();
        _length += count;
        return taken;
    }
}
