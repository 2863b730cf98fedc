using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Ambient.Mesh.Indexes;

/// <summary>
/// One batch of changes to a <see cref="PersistentTrie{TKey, TEntry, TKeying}"/>. For one writer; after <see cref="Build"/> the
/// nodes are frozen and the edit starts over with a new number.
/// </summary>
internal sealed class TrieEdit<TKey, TEntry, TKeying>
    where TKeying : IKeying<TKey, TEntry>
{
    private static long _edits;

    private TrieNode<TEntry> _root;
    private long _edit = Interlocked.Increment(ref _edits);

    internal TrieEdit(TrieNode<TEntry> root, int count)
    {
        _root = root;
        Count = count;
    }

    internal int Count { get; private set; }

    internal PersistentTrie<TKey, TEntry, TKeying> Build()
    {
        _edit = Interlocked.Increment(ref _edits);
        return new PersistentTrie<TKey, TEntry, TKeying>(_root, Count);
    }

    internal bool TryFind(in TKey key, [MaybeNullWhen(false)] out TEntry entry) =>
        new PersistentTrie<TKey, TEntry, TKeying>(_root, Count).TryFind(key, out entry);

    /// <summary>Adds the entry, or replaces the one with an equal key.</summary>
    internal void Set(in TKey key, in TEntry entry)
    {
        Debug.Assert(TKeying.HasKey(entry, key) && TKeying.HashEntry(entry) == TKeying.HashKey(key), "The key is part of the entry.");
        _root = Set(_root, key, entry, TKeying.HashKey(key), 0);
    }

    /// <summary>Removes the entry with the key; false when there is none.</summary>
    internal bool Remove(in TKey key)
    {
        int before = Count;
        _root = Remove(_root, key, TKeying.HashKey(key), 0);
        return Count < before;
    }

    private static uint BitOf(uint hash, int shift) => 1u << (int)((hash >> shift) & 31);

    private static int Index(uint map, uint bit) => BitOperations.PopCount(map & (bit - 1));

    private static T[] Inserted<T>(T[] array, int at, T item)
    {
        T[] result = new T[array.Length + 1];
        array.AsSpan(0, at).CopyTo(result);
        result[at] = item;
        array.AsSpan(at).CopyTo(result.AsSpan(at + 1));
        return result;
    }

    private static T[] Removed<T>(T[] array, int at)
    {
        if (array.Length == 1)
        {
            return [];
        }

        T[] result = new T[array.Length - 1];
        array.AsSpan(0, at).CopyTo(result);
        array.AsSpan(at + 1).CopyTo(result.AsSpan(at));
        return result;
    }

    private TrieNode<TEntry> Set(TrieNode<TEntry> node, in TKey key, in TEntry entry, uint hash, int shift)
    {
        if (shift >= 32)
        {
            int same = IndexInList(node, key);
            Count += same < 0 ? 1 : 0;
            return same < 0
                ? Changed(node, 0, 0, Inserted(node.Entries, node.Entries.Length, entry), node.Children)
                : WithEntry(node, same, entry);
        }

        uint bit = BitOf(hash, shift);
        if ((node.ChildMap & bit) != 0)
        {
            int at = Index(node.ChildMap, bit);
            TrieNode<TEntry> child = node.Children[at];
            TrieNode<TEntry> changed = Set(child, key, entry, hash, shift + 5);
            return ReferenceEquals(child, changed) ? node : WithChild(node, at, changed);
        }

        int place = Index(node.EntryMap, bit);
        if ((node.EntryMap & bit) == 0)
        {
            Count++;
            return Changed(node, node.EntryMap | bit, node.ChildMap, Inserted(node.Entries, place, entry), node.Children);
        }

        if (TKeying.HasKey(node.Entries[place], key))
        {
            return WithEntry(node, place, entry);
        }

        Count++;
        TEntry other = node.Entries[place];
        TrieNode<TEntry> pair = Pair(other, TKeying.HashEntry(other), entry, hash, shift + 5);
        return Changed(node, node.EntryMap & ~bit, node.ChildMap | bit, Removed(node.Entries, place), Inserted(node.Children, Index(node.ChildMap, bit), pair));
    }

    private TrieNode<TEntry> Pair(in TEntry first, uint firstHash, in TEntry second, uint secondHash, int shift)
    {
        if (shift >= 32)
        {
            return new TrieNode<TEntry>(_edit, 0, 0, [first, second], []);
        }

        uint a = BitOf(firstHash, shift), b = BitOf(secondHash, shift);
        return a == b
            ? new TrieNode<TEntry>(_edit, 0, a, [], [Pair(first, firstHash, second, secondHash, shift + 5)])
            : new TrieNode<TEntry>(_edit, a | b, 0, a < b ? [first, second] : [second, first], []);
    }

    private TrieNode<TEntry> Remove(TrieNode<TEntry> node, in TKey key, uint hash, int shift)
    {
        if (shift >= 32)
        {
            int same = IndexInList(node, key);
            if (same < 0)
            {
                return node;
            }

            Count--;
            return Changed(node, 0, 0, Removed(node.Entries, same), node.Children);
        }

        uint bit = BitOf(hash, shift);
        if ((node.EntryMap & bit) != 0)
        {
            int place = Index(node.EntryMap, bit);
            if (!TKeying.HasKey(node.Entries[place], key))
            {
                return node;
            }

            Count--;
            return Changed(node, node.EntryMap & ~bit, node.ChildMap, Removed(node.Entries, place), node.Children);
        }

        if ((node.ChildMap & bit) == 0)
        {
            return node;
        }

        int at = Index(node.ChildMap, bit);
        TrieNode<TEntry> child = node.Children[at];
        TrieNode<TEntry> changed = Remove(child, key, hash, shift + 5);
        if (changed.Children.Length == 0 && changed.Entries.Length <= 1)
        {
            // One entry needs no node of its own; this keeps the form canonical and the paths short.
            return changed.Entries.Length == 0
                ? Changed(node, node.EntryMap, node.ChildMap & ~bit, node.Entries, Removed(node.Children, at))
                : Changed(node, node.EntryMap | bit, node.ChildMap & ~bit, Inserted(node.Entries, Index(node.EntryMap, bit), changed.Entries[0]), Removed(node.Children, at));
        }

        return ReferenceEquals(child, changed) ? node : WithChild(node, at, changed);
    }

    private static int IndexInList(TrieNode<TEntry> node, in TKey key)
    {
        for (int i = 0; i < node.Entries.Length; i++)
        {
            if (TKeying.HasKey(node.Entries[i], key))
            {
                return i;
            }
        }

        return -1;
    }

    private TrieNode<TEntry> Changed(TrieNode<TEntry> node, uint entryMap, uint childMap, TEntry[] entries, TrieNode<TEntry>[] children)
    {
        if (node.Edit != _edit)
        {
            return new TrieNode<TEntry>(_edit, entryMap, childMap, entries, children);
        }

        node.EntryMap = entryMap;
        node.ChildMap = childMap;
        node.Entries = entries;
        node.Children = children;
        return node;
    }

    // Arrays are always copied, even in a node of this edit: an older node may still hold them.
    private TrieNode<TEntry> WithEntry(TrieNode<TEntry> node, int at, in TEntry entry)
    {
        TEntry[] entries = (TEntry[])node.Entries.Clone();
        entries[at] = entry;
        return Changed(node, node.EntryMap, node.ChildMap, entries, node.Children);
    }

    private TrieNode<TEntry> WithChild(TrieNode<TEntry> node, int at, TrieNode<TEntry> child)
    {
        TrieNode<TEntry>[] children = (TrieNode<TEntry>[])node.Children.Clone();
        children[at] = child;
        return Changed(node, node.EntryMap, node.ChildMap, node.Entries, children);
    }
}
