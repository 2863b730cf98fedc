namespace Ambient.Hbone.Headers;

/// <summary>Decodes header blocks (RFC 7541). One per connection; not thread-safe. Hostile input gives false, never an exception.</summary>
/// <param name="maxListSize">The largest list that is passed on, in bytes as RFC 9113 section 6.5.2 counts them.</param>
/// <param name="tableSize">The dynamic table that we allow the peer's encoder, at most 4096 bytes.</param>
public sealed class HpackDecoder(int maxListSize, int tableSize = 0)
{
    private const int FieldOverhead = 32;
    private const int DefaultTableSize = 4096;
    private int _allowedTableSize = DefaultTableSize;
    private DynamicTable? _table;

    /// <summary>The peer has acknowledged our SETTINGS_HEADER_TABLE_SIZE: from here on its table must not be larger.</summary>
    public void OnTableSizeAcknowledged()
    {
        _allowedTableSize = Math.Min(tableSize, DefaultTableSize);
        if (_table is not null && _table.MaxSize > _allowedTableSize)
        {
            _table.Resize(_allowedTableSize);
        }
    }

    /// <summary>Decodes a whole block. False: the compression state is lost, the connection must end with COMPRESSION_ERROR.</summary>
    /// <param name="block">The block, reassembled.</param>
    /// <param name="sink">Gets the fields.</param>
    /// <param name="tooLarge">The list is longer than allowed; the rest was decoded but not passed on.</param>
    public bool TryDecode(ReadOnlySpan<byte> block, IHeaderSink sink, out bool tooLarge)
    {
        tooLarge = false;
        int listSize = 0;
        bool fieldSeen = false;
        byte[] scratch = System.Buffers.ArrayPool<byte>.Shared.Rent(2 * (maxListSize + 1));
        try
        {
            Span<byte> nameScratch = scratch.AsSpan(0, scratch.Length / 2);
            Span<byte> valueScratch = scratch.AsSpan(scratch.Length / 2);
            while (!block.IsEmpty)
            {
                byte first = block[0];
                if ((first & 0xe0) == 0x20)
                {
                    if (fieldSeen || !TryResize(ref block))
                    {
                        return false;
                    }

                    continue;
                }

                fieldSeen = true;
                if (!TryField(ref block, first, nameScratch, valueScratch, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value))
                {
                    return false;
                }

                listSize += name.Length + value.Length + FieldOverhead;
                tooLarge |= listSize > maxListSize;
                if (!tooLarge)
                {
                    sink.OnField(name, value);
                }
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(scratch);
        }

        return true;
    }

    private bool TryField(ref ReadOnlySpan<byte> block, byte first, Span<byte> nameScratch, Span<byte> valueScratch, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if ((first & 0x80) != 0)
        {
            return TryInteger(ref block, 7, out int indexed) & TryEntry(indexed, out name, out value);
        }

        bool indexing = (first & 0xc0) == 0x40;
        name = default;
        if (!TryInteger(ref block, indexing ? 6 : 4, out int nameIndex))
        {
            return false;
        }

        bool named = nameIndex == 0 ? TryString(ref block, nameScratch, out name) : TryEntry(nameIndex, out name, out _);
        if (!named || !TryString(ref block, valueScratch, out value))
        {
            return false;
        }

        if (indexing)
        {
            (_table ??= NewTable()).Add(name, value);
        }

        return true;
    }

    private DynamicTable NewTable()
    {
        DynamicTable table = new();
        table.Resize(Math.Min(_allowedTableSize, DefaultTableSize));
        return table;
    }

    private bool TryResize(ref ReadOnlySpan<byte> block)
    {
        if (!TryInteger(ref block, 5, out int size) || size > _allowedTableSize)
        {
            return false;
        }

        if (_table is not null || size != _allowedTableSize)
        {
            (_table ??= NewTable()).Resize(size);
        }

        return true;
    }

    private bool TryEntry(int index, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = default;
        value = default;
        if (index < 1)
        {
            return false;
        }

        if (index <= StaticTable.Count)
        {
            name = StaticTable.Name(index);
            value = StaticTable.Value(index);
            return true;
        }

        int dynamic = index - StaticTable.Count - 1;
        if (_table is null || dynamic >= _table.Count)
        {
            return false;
        }

        (byte[] entryName, byte[] entryValue) = _table[dynamic];
        name = entryName;
        value = entryValue;
        return true;
    }

    private static bool TryString(ref ReadOnlySpan<byte> block, Span<byte> scratch, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (block.IsEmpty)
        {
            return false;
        }

        bool huffman = (block[0] & 0x80) != 0;
        if (!TryInteger(ref block, 7, out int length) || length > block.Length)
        {
            return false;
        }

        ReadOnlySpan<byte> raw = block[..length];
        block = block[length..];
        if (!huffman)
        {
            text = raw;
            return true;
        }

        if (!HuffmanCode.TryDecode(raw, scratch, out int written))
        {
            return false;
        }

        text = scratch[..written];
        return true;
    }

    /// <summary>Reads an integer with a prefix of some bits (RFC 7541 section 5.1); at most 28 bits are accepted.</summary>
    internal static bool TryInteger(ref ReadOnlySpan<byte> block, int prefixBits, out int value)
    {
        value = 0;
        if (block.IsEmpty)
        {
            return false;
        }

        int limit = (1 << prefixBits) - 1;
        value = block[0] & limit;
        block = block[1..];
        if (value < limit)
        {
            return true;
        }

        for (int shift = 0; shift <= 21; shift += 7)
        {
            if (block.IsEmpty)
            {
                return false;
            }

            byte octet = block[0];
            block = block[1..];
            value += (octet & 0x7f) << shift;
            if ((octet & 0x80) == 0)
            {
                return true;
            }
        }

        return false;
    }
}
