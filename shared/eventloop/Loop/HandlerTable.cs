namespace Ambient.EventLoop;

/// <summary>
/// Handlers by slot. Epoll data is slot and generation and never the descriptor, because the kernel reuses descriptor numbers
/// within a turn. Loop-affine.
/// </summary>
internal sealed class HandlerTable
{
    private Entry[] _entries = new Entry[64];
    private int _used;
    private int _free = -1;

    /// <summary>Handlers in the table.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a handler and returns the data to register with.</summary>
    public ulong Add(PollHandler handler)
    {
        int slot = _free;
        if (slot >= 0)
        {
            _free = _entries[slot].NextFree;
        }
        else
        {
            slot = _used++;
            if (slot == _entries.Length)
            {
                Array.Resize(ref _entries, _entries.Length * 2);
            }
        }

        _entries[slot].Handler = handler;
        handler.Slot = slot;
        Count++;
        return Data(slot, _entries[slot].Generation);
    }

    /// <summary>Removes a handler; its data finds nobody from now on.</summary>
    public void Remove(PollHandler handler)
    {
        int slot = handler.Slot;
        handler.Slot = -1;
        ref Entry entry = ref _entries[slot];
        entry.Handler = null;
        entry.Generation++;
        entry.NextFree = _free;
        _free = slot;
        Count--;
    }

    /// <summary>The data that a registered handler has.</summary>
    public ulong DataOf(PollHandler handler) => Data(handler.Slot, _entries[handler.Slot].Generation);

    /// <summary>The handler of that data, or null when it has gone.</summary>
    public PollHandler? Find(ulong data)
    {
        ref readonly Entry entry = ref _entries[(int)(uint)data];
        return entry.Generation == (uint)(data >> 32) ? entry.Handler : null;
    }

    private static ulong Data(int slot, uint generation) => ((ulong)generation << 32) | (uint)slot;

    private struct Entry
    {
        public PollHandler? Handler;
        public uint Generation;
        public int NextFree;
    }
}
