using System.Buffers.Binary;
using System.Text;

namespace Ambient.Linux.Netlink;

/// <summary>Walks over the attributes of a message. What is cut short ends the walk.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> rest)
{
    private const int HeaderLength = 4;
    private const ushort TypeMask = 0x3FFF;
    private ReadOnlySpan<byte> _rest = rest;

    /// <summary>Type of the attribute, without flags.</summary>
    public ushort Type { get; private set; }

    /// <summary>Value of the attribute.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The value as a number in the machine's order; 0 when it is no number.</summary>
    public readonly uint Number => Value.Length >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(Value) : Value.Length == 1 ? Value[0] : 0u;

    /// <summary>The value as text, without the NUL behind it.</summary>
    public readonly string Text => Encoding.ASCII.GetString(Value.TrimEnd((byte)0));

    /// <summary>Goes to the next one.</summary>
    public bool MoveNext()
    {
        if (_rest.Length < HeaderLength)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        if (length < HeaderLength || length > _rest.Length)
        {
            return false;
        }

        Type = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]) & TypeMask);
        Value = _rest[HeaderLength..length];
        _rest = _rest[Math.Min(_rest.Length, (length + 3) & ~3)..];
        return true;
    }
}
