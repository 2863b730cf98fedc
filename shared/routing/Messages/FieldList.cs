using System.Text;

namespace Ambient.Routing.Messages;

/// <summary>
/// Header fields in their order: names in lower case, values as characters of one growing text. Reused from message to message, so
/// that a message of usual size allocates nothing. Not thread-safe.
/// </summary>
/// <remarks>Values are octets shown as Latin-1 characters, which is what RFC 9110 section 5.5 leaves of them.</remarks>
public sealed class FieldList
{
    private char[] _text = new char[2048];
    private Field[] _fields = new Field[32];
    private int _used;

    /// <summary>The number of fields.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of names and values, for limits.</summary>
    public int TextLength => _used;

    /// <summary>The name of a field, in lower case. Valid until the list changes.</summary>
    public ReadOnlySpan<char> Name(int index) => _text.AsSpan(_fields[index].NameStart, _fields[index].NameLength);

    /// <summary>The value of a field. Valid until the list changes.</summary>
    public ReadOnlySpan<char> Value(int index) => _text.AsSpan(_fields[index].ValueStart, _fields[index].ValueLength);

    /// <summary>Adds a field; the name may have any case.</summary>
    public void Add(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        Range named = Store(name, out int hash);
        Range valued = Store(value);
        Append(named, valued, hash);
    }

    /// <summary>Adds a field as it came over the wire.</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Reserve(name.Length + value.Length);
        Range named = new(_used, _used + name.Length);
        int hash = 0;
        for (int i = 0; i < name.Length; i++)
        {
            char lower = Lower((char)name[i]);
            _text[_used + i] = lower;
            hash = (hash * 31) + lower;
        }

        _used += name.Length;
        Range valued = new(_used, _used + value.Length);
        Encoding.Latin1.GetChars(value, _text.AsSpan(_used));
        _used += value.Length;
        Append(named, valued, hash);
    }

    /// <summary>The index of the next field of that name (lower case), −1 if there is none.</summary>
    public int Find(ReadOnlySpan<char> name, int from = 0)
    {
        int hash = Hash(name);
        for (int i = from; i < Count; i++)
        {
            if (_fields[i].Hash == hash && Name(i).SequenceEqual(name))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Whether there is such a field (name in lower case).</summary>
    public bool Contains(ReadOnlySpan<char> name) => Find(name) >= 0;

    /// <summary>
    /// The value of a field (name in lower case); several lines are joined by commas (RFC 9110 section 5.2), which allocates.
    /// </summary>
    public bool TryGet(ReadOnlySpan<char> name, out ReadOnlySpan<char> value)
    {
        int first = Find(name);
        if (first < 0)
        {
            value = default;
            return false;
        }

        value = Find(name, first + 1) < 0 ? Value(first) : Join(name, first);
        return true;
    }

    /// <summary>The only value of a field as a string; null when it is missing.</summary>
    public string? Text(ReadOnlySpan<char> name) => TryGet(name, out ReadOnlySpan<char> value) ? value.ToString() : null;

    /// <summary>Replaces all fields of that name by one, in the place of the first.</summary>
    public void Set(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        int first = FindAnyCase(name);
        if (first < 0)
        {
            Add(name, value);
            return;
        }

        Range valued = Store(value);
        (_fields[first].ValueStart, _fields[first].ValueLength) = (valued.Start.Value, value.Length);
        RemoveFrom(first + 1, name);
    }

    /// <summary>Removes all fields of that name.</summary>
    public bool Remove(ReadOnlySpan<char> name) => RemoveFrom(0, name);

    /// <summary>Removes one field.</summary>
    public void RemoveAt(int index)
    {
        _fields.AsSpan(index + 1, Count - index - 1).CopyTo(_fields.AsSpan(index));
        Count--;
    }

    /// <summary>Forgets all fields; what was grown for one large message is given back.</summary>
    public void Clear()
    {
        Count = 0;
        _used = 0;
        if (_text.Length > 16 * 1024)
        {
            _text = new char[2048];
        }
    }

    /// <summary>Replaces the content by that of another list.</summary>
    public void CopyFrom(FieldList other)
    {
        Clear();
        Reserve(other._used);
        other._text.AsSpan(0, other._used).CopyTo(_text);
        _used = other._used;
        if (_fields.Length < other.Count)
        {
            _fields = new Field[other._fields.Length];
        }

        other._fields.AsSpan(0, other.Count).CopyTo(_fields);
        Count = other.Count;
    }

    private static char Lower(char c) => c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c;

    private static int Hash(ReadOnlySpan<char> name)
    {
        int hash = 0;
        foreach (char c in name)
        {
            hash = (hash * 31) + c;
        }

        return hash;
    }

    private int FindAnyCase(ReadOnlySpan<char> name)
    {
        for (int i = 0; i < Count; i++)
        {
            if (Name(i).Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }

    private bool RemoveFrom(int from, ReadOnlySpan<char> name)
    {
        int kept = from;
        for (int i = from; i < Count; i++)
        {
            if (!Name(i).Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                _fields[kept++] = _fields[i];
            }
        }

        bool removed = kept < Count;
        Count = kept;
        return removed;
    }

    private string Join(ReadOnlySpan<char> name, int first)
    {
        StringBuilder joined = new();
        for (int i = first; i >= 0; i = Find(name, i + 1))
        {
            (i == first ? joined : joined.Append(',')).Append(Value(i));
        }

        return joined.ToString();
    }

    private Range Store(ReadOnlySpan<char> name, out int hash)
    {
        Range stored = Store(name);
        hash = 0;
        foreach (ref char c in _text.AsSpan(stored))
        {
            c = Lower(c);
            hash = (hash * 31) + c;
        }

        return stored;
    }

    private Range Store(ReadOnlySpan<char> text)
    {
        // The text may be a part of this list itself: it is copied before the old array is let go.
        char[] old = _text;
        Reserve(text.Length);
        text.CopyTo(_text.AsSpan(_used));
        GC.KeepAlive(old);
        Range stored = new(_used, _used + text.Length);
        _used += text.Length;
        return stored;
    }

    private void Reserve(int length)
    {
        if (_used + length > _text.Length)
        {
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _used + length));
        }
    }

    private void Append(Range name, Range value, int hash)
    {
        if (Count == _fields.Length)
        {
            Array.Resize(ref _fields, Count * 2);
        }

        _fields[Count++] = new Field
        {
            NameStart = name.Start.Value,
            NameLength = name.End.Value - name.Start.Value,
            ValueStart = value.Start.Value,
            ValueLength = value.End.Value - value.Start.Value,
            Hash = hash,
        };
    }

    private struct Field
    {
        public int NameStart;
        public int NameLength;
        public int ValueStart;
        public int ValueLength;
        public int Hash;
    }
}
