namespace Ambient.Hbone.Headers;

/// <summary>
/// The dynamic table of one decoder (RFC 7541 section 2.3.2). We advertise a size of 0, so it is used only by encoders that add entries before
/// they have seen our settings; it is made on first use. Not thread-safe.
/// </summary>
internal sealed class DynamicTable
{
    private const int EntryOverhead = 32;
    private readonly List<(byte[] Name, byte[] Value)> _entries = [];
    private int _size;

    /// <summary>Bytes that the table may hold now.</summary>
    public int MaxSize { get; private set; } = 4096;

    public int Count => _entries.Count;

    /// <summary>The newest entry has index 0.</summary>
    public (byte[] Name, byte[] Value) this[int index] => _entries[_entries.Count - 1 - index];

    public void Resize(int maxSize)
    {
        MaxSize = maxSize;
        Evict(0);
    }

    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        int size = name.Length + value.Length + EntryOverhead;
        byte[] keptName = size <= MaxSize ? name.ToArray() : [];
        Evict(size);
        if (size <= MaxSize)
        {
            _entries.Add((keptName, value.ToArray()));
            _size += size;
        }
    }

    private void Evict(int incoming)
    {
        int drop = 0;
        while (drop < _entries.Count && _size + incoming > MaxSize)
        {
            _size -= _entries[drop].Name.Length + _entries[drop].Value.Length + EntryOverhead;
            drop++;
        }

        _entries.RemoveRange(0, drop);
    }
}
