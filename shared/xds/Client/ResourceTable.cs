using System.Text;

namespace Ambient.Xds.Client;

/// <summary>
/// The names of all resources of one type that are held, with their versions. Not thread-safe. Names and versions lie as UTF-8 in one
/// buffer: with hundreds of thousands of them, strings would cost more than the workloads themselves.
/// </summary>
internal sealed class ResourceTable
{
    /// <summary>Names or versions beyond this are refused.</summary>
    internal const int MaxText = ushort.MaxValue;

    private const int Free = 0;
    private const int Tombstone = -1;
    private Slot[] _slots = new Slot[16];
    private byte[] _texts = new byte[256];
    private int _textsUsed = 1;
    private int _wasted;
    private int _occupied;

    internal int Count { get; private set; }

    internal bool Contains(string name) => Find(Encoding.UTF8.GetBytes(name)) >= 0;

    /// <summary>Adds a name or replaces its version.</summary>
    internal void Set(string name, string version)
    {
        byte[] key = Encoding.UTF8.GetBytes(name);
        byte[] value = Encoding.UTF8.GetBytes(version);
        int at = Find(key);
        if (at >= 0)
        {
            if (VersionOf(_slots[at]).SequenceEqual(value))
            {
                return;
            }

            Drop(at);
        }

        Reserve(key.Length + value.Length);
        uint hash = Hash(key);
        int slot = (int)(hash & (uint)(_slots.Length - 1));
        while (_slots[slot].Offset > 0)
        {
            slot = (slot + 1) & (_slots.Length - 1);
        }

        _occupied += _slots[slot].Offset == Free ? 1 : 0;
        _slots[slot] = new Slot { Hash = hash, Offset = _textsUsed, Name = (ushort)key.Length, Version = (ushort)value.Length };
        key.CopyTo(_texts, _textsUsed);
        value.CopyTo(_texts, _textsUsed + key.Length);
        _textsUsed += key.Length + value.Length;
        Count++;
    }

    internal bool Remove(string name)
    {
        int at = Find(Encoding.UTF8.GetBytes(name));
        if (at < 0)
        {
            return false;
        }

        Drop(at);
        return true;
    }

    /// <summary>Every name with its version.</summary>
    internal IEnumerable<KeyValuePair<string, string>> All()
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Offset > 0)
            {
                yield return KeyValuePair.Create(Encoding.UTF8.GetString(NameOf(slot)), Encoding.UTF8.GetString(VersionOf(slot)));
            }
        }
    }

    private static uint Hash(ReadOnlySpan<byte> key)
    {
        uint hash = 2166136261;
        foreach (byte b in key)
        {
            hash = (hash ^ b) * 16777619;
        }

        return hash ^ (hash >> 15);
    }

    private ReadOnlySpan<byte> NameOf(Slot slot) => _texts.AsSpan(slot.Offset, slot.Name);

    private ReadOnlySpan<byte> VersionOf(Slot slot) => _texts.AsSpan(slot.Offset + slot.Name, slot.Version);

    private int Find(ReadOnlySpan<byte> key)
    {
        uint hash = Hash(key);
        int at = (int)(hash & (uint)(_slots.Length - 1));
        while (_slots[at].Offset != Free)
        {
            if (_slots[at].Offset > 0 && _slots[at].Hash == hash && NameOf(_slots[at]).SequenceEqual(key))
            {
                return at;
            }

            at = (at + 1) & (_slots.Length - 1);
        }

        return -1;
    }

    private void Drop(int at)
    {
        _wasted += _slots[at].Name + _slots[at].Version;
        _slots[at] = new Slot { Offset = Tombstone };
        Count--;
    }

    private void Reserve(int bytes)
    {
        bool isTableFull = (_occupied + 1) * 4 > _slots.Length * 3;
        bool isBufferFull = _textsUsed + bytes > _texts.Length;
        if (isTableFull || isBufferFull || _wasted > Math.Max(4096, _textsUsed / 2))
        {
            Rebuild(bytes);
        }
    }

    /// <summary>Copies what is alive into arrays of the right size, which also closes the gaps.</summary>
    private void Rebuild(int bytes)
    {
        Slot[] oldSlots = _slots;
        byte[] oldTexts = _texts;
        int size = 16;
        while (size * 2 < (Count + 1) * 4)
        {
            size *= 2;
        }

        int needed = _textsUsed - _wasted + bytes;
        _slots = new Slot[size];
        _texts = new byte[needed + (needed / 4) + 256];
        _textsUsed = 1;
        _wasted = 0;
        _occupied = Count;
        foreach (Slot slot in oldSlots)
        {
            if (slot.Offset <= 0)
            {
                continue;
            }

            int at = (int)(slot.Hash & (uint)(size - 1));
            while (_slots[at].Offset != Free)
            {
                at = (at + 1) & (size - 1);
            }

            int length = slot.Name + slot.Version;
            oldTexts.AsSpan(slot.Offset, length).CopyTo(_texts.AsSpan(_textsUsed));
            _slots[at] = slot with { Offset = _textsUsed };
            _textsUsed += length;
        }
    }

    private record struct Slot
    {
        internal uint Hash { get; init; }

        internal int Offset { get; init; }

        internal ushort Name { get; init; }

        internal ushort Version { get; init; }
    }
}
