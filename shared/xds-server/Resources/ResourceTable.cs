namespace Ambient.Xds.Server.Resources;

/// <summary>
/// The resources of one type, ordered by their last change, so that any client's backlog is a walk from the end to where that client
/// stands: no queue per client, and never history. Used under the lock of <see cref="ResourceStore"/>.
/// </summary>
/// <remarks>
/// A removed name stays as a tombstone for clients that had it. Tombstones are bounded; a client that stands before one that was
/// dropped has to connect anew and compare versions.
/// </remarks>
internal sealed class ResourceTable(string typeUrl, int maxTombstones, bool isOwned = false)
{
    private readonly Dictionary<string, Slot> _slots = new(StringComparer.Ordinal);
    private readonly NameIndex _aliases = new();
    private readonly NameIndex _members = new();
    private readonly NameIndex _nodes = new();
    private readonly NameIndex _owners = new();
    private readonly Queue<(Slot Slot, long Sequence)> _tombstones = new();
    private Slot? _newest;
    private ResourceEntry[]? _all;
    private (long From, ResourceDelta Delta)? _lastDelta;
    private long _forgotten;

    internal string TypeUrl => typeUrl;

    /// <summary>Whether each resource is for one owner alone.</summary>
    internal bool IsOwned => isOwned;

    /// <summary>How many resources there are.</summary>
    internal int Count { get; private set; }

    /// <summary>Sets or removes; false when that changes nothing.</summary>
    internal bool Apply(string name, ResourceEntry? entry, long sequence)
    {
        _slots.TryGetValue(name, out Slot? slot);
        if (slot?.Entry is { } old)
        {
            if (entry is not null && old.IsSame(entry))
            {
                return false;
            }

            // Found by the same words, the new one takes the old one's places.
            if (entry is null || !entry.HasWordsOf(old))
            {
                Unindex(old);
            }

            Count--;
        }
        else if (entry is null)
        {
            return false;
        }

        slot ??= _slots[name] = new Slot(name, born: sequence);
        slot.Entry = entry;
        MoveToEnd(slot, sequence);
        _all = null;
        _lastDelta = null;
        if (entry is null)
        {
            _tombstones.Enqueue((slot, sequence));
            ForgetOldest();
            return true;
        }

        Index(entry);
        Count++;
        return true;
    }

    internal ResourceEntry? Find(string name) => _slots.TryGetValue(name, out Slot? slot) ? slot.Entry : null;

    /// <summary>When a resource changed last; null: there is none.</summary>
    internal long? ChangedAt(string name) => _slots.TryGetValue(name, out Slot? slot) && slot.Entry is not null ? slot.Sequence : null;

    internal IEnumerable<ResourceEntry> Members(string group) => _members.Of(group);

    internal IEnumerable<ResourceEntry> OnNode(string node) => _nodes.Of(node);

    /// <summary>All resources of an owner.</summary>
    internal ResourceEntry[] OfOwner(string owner) => [.. _owners.Of(owner)];

    /// <summary>Whether a name is of an owner.</summary>
    internal static bool IsOf(string name, string owner) => name.Length > owner.Length && name[owner.Length] == '/' && name.StartsWith(owner, StringComparison.Ordinal);

    /// <summary>What has a name, or it as an alias; members are others.</summary>
    internal IEnumerable<ResourceEntry> Named(string key) => Find(key) is { } named ? [named] : _aliases.Of(key);

    /// <summary>What an on-demand client means by a name (control-plane reference 5.7).</summary>
    internal IEnumerable<ResourceEntry> Resolve(string key)
    {
        if (Find(key) is { } named)
        {
            return WithMembers(named);
        }

        ResourceEntry[] found = [.. _aliases.Of(key)];
        return found.Any(static entry => !entry.IsGroup) ? found.Where(static entry => !entry.IsGroup) : found.SelectMany(WithMembers);
    }

    /// <summary>All there is; the array is shared and not to be changed.</summary>
    internal ResourceEntry[] All() => _all ??= [.. _slots.Values.Select(static slot => slot.Entry).OfType<ResourceEntry>()];

    /// <summary>What changed after a moment; false when too much is forgotten to tell.</summary>
    internal bool TrySince(long moment, out ResourceDelta delta)
    {
        delta = ResourceDelta.Nothing;
        if (moment < _forgotten)
        {
            return false;
        }

        if (_newest is null || _newest.Sequence <= moment)
        {
            return true;
        }

        // Clients that keep up all stand at the same moment.
        if (_lastDelta is not { } last || last.From != moment)
        {
            _lastDelta = last = (moment, Walk(moment));
        }

        delta = last.Delta;
        return true;
    }

    private ResourceDelta Walk(long moment)
    {
        var changed = new List<ResourceEntry>();
        var removed = new List<string>();
        for (Slot? slot = _newest; slot is not null && slot.Sequence > moment; slot = slot.Older)
        {
            if (slot.Entry is { } entry)
            {
                changed.Add(entry);
            }
            else if (slot.Born <= moment)
            {
                removed.Add(slot.Name);
            }
        }

        changed.Reverse();
        removed.Reverse();
        return new ResourceDelta(changed, removed);
    }

    private IEnumerable<ResourceEntry> WithMembers(ResourceEntry entry) => entry.IsGroup ? Members(entry.Name).Prepend(entry) : [entry];

    /// <summary>What is before the second slash.</summary>
    private static string OwnerOf(string name)
    {
        int first = name.IndexOf('/', StringComparison.Ordinal);
        int second = first < 0 ? -1 : name.IndexOf('/', first + 1);
        return second < 0 ? "" : name[..second];
    }

    private void Index(ResourceEntry entry)
    {
        if (isOwned)
        {
            _owners.Add(OwnerOf(entry.Name), entry);
        }

        foreach (string alias in entry.Aliases)
        {
            _aliases.Add(alias, entry);
        }

        foreach (string group in entry.Groups)
        {
            _members.Add(group, entry);
        }

        if (entry.Node.Length > 0)
        {
            _nodes.Add(entry.Node, entry);
        }
    }

    private void Unindex(ResourceEntry entry)
    {
        if (isOwned)
        {
            _owners.Remove(OwnerOf(entry.Name), entry.Name);
        }

        foreach (string alias in entry.Aliases)
        {
            _aliases.Remove(alias, entry.Name);
        }

        foreach (string group in entry.Groups)
        {
            _members.Remove(group, entry.Name);
        }

        if (entry.Node.Length > 0)
        {
            _nodes.Remove(entry.Node, entry.Name);
        }
    }

    private void MoveToEnd(Slot slot, long sequence)
    {
        Unlink(slot);
        slot.Sequence = sequence;
        slot.Older = _newest;
        if (_newest is not null)
        {
            _newest.Newer = slot;
        }

        _newest = slot;
    }

    private void Unlink(Slot slot)
    {
        if (slot.Older is not null)
        {
            slot.Older.Newer = slot.Newer;
        }

        if (slot.Newer is not null)
        {
            slot.Newer.Older = slot.Older;
        }
        else if (_newest == slot)
        {
            _newest = slot.Older;
        }

        slot.Older = null;
        slot.Newer = null;
    }

    private void ForgetOldest()
    {
        while (_tombstones.Count > maxTombstones)
        {
            (Slot slot, long sequence) = _tombstones.Dequeue();
            bool isStill = slot.Entry is null && slot.Sequence == sequence && _slots.TryGetValue(slot.Name, out Slot? current) && current == slot;
            if (isStill)
            {
                Unlink(slot);
                _slots.Remove(slot.Name);
                _forgotten = Math.Max(_forgotten, sequence);
            }
        }
    }

    /// <summary>A name's place in the order of changes; without entry it is a tombstone.</summary>
    private sealed class Slot(string name, long born)
    {
        internal string Name => name;

        /// <summary>When the name first came into being. A name that went and came again keeps it: someone may have known it before.</summary>
        internal long Born => born;

        internal ResourceEntry? Entry { get; set; }

        internal long Sequence { get; set; }

        internal Slot? Older { get; set; }

        internal Slot? Newer { get; set; }
    }
}
