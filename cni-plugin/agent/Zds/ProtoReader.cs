namespace Ambient.Cni.Agent.Zds;

/// <summary>Walks the fields of one protobuf message; never throws. Groups are refused.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether the bytes are no message.</summary>
    public bool Failed { get; private set; }

    /// <summary>The next field: a number for varints, content for what has a length; fixed ones are given as content.</summary>
    public bool TryNext(out int field, out ulong number, out ReadOnlySpan<byte> content)
    {
        field = 0;
        number = 0;
        content = default;
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (!TryVarint(out ulong key) || key >> 3 is 0 or > 0x1fffffff)
        {
            return Fail();
        }

        field = (int)(key >> 3);
        ulong length;
        switch (key & 7)
        {
            case 0:
                return TryVarint(out number) || Fail();
            case 1:
                length = 8;
                break;
            case 5:
                length = 4;
                break;
            case 2 when TryVarint(out length):
                break;
            default:
                return Fail();
        }

        if (length > (ulong)_rest.Length)
        {
            return Fail();
        }

        content = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    private bool Fail()
    {
        Failed = true;
        _rest = default;
        return false;
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (int i = 0; i < _rest.Length && i < 10; i++)
        {
            value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
            if (_rest[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
