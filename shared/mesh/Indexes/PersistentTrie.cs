using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Ambient.Mesh.Indexes;

/// <summary>
/// An immutable set of entries found by key. A changed copy shares all but a path of about log32(n) nodes with the old one;
/// edits of one batch (<see cref="Edit"/>) change fresh nodes in place. Immutable; lookups allocate nothing.
/// </summary>
internal readonly struct PersistentTrie<TKey, TEntry, TKeying>
    where TKeying : IKeying<TKey, TEntry>
{
    private readonly TrieNode<TEntry>? _root;

    internal PersistentTrie(TrieNode<TEntry> root, int count)
    {
        _root = root;
        Count = count;
    }

    internal int Count { get; }

    private TrieNode<TEntry> Root => _root ?? TrieNode<TEntry>.Empty;

    internal bool TryFind(in TKey key, [MaybeNullWhen(false)] out TEntry entry)
    {
        uint hash = TKeying.HashKey(key);
        TrieNode<TEntry> node = Root;
        for (int shift = 0; shift < 32; shift += 5)
        {
            uint bit = 1u << (int)((hash >> shift) & 31);
            if ((node.EntryMap & bit) != 0)
            {
                ref TEntry candidate = ref node.Entries[BitOperations.PopCount(node.EntryMap & (bit - 1))];
                bool found = TKeying.HasKey(candidate, key);
                entry = found ? candidate : default;
                return found;
            }

            if ((node.ChildMap & bit) == 0)
            {
                entry = default;
                return false;
            }

            node = node.Children[BitOperations.PopCount(node.ChildMap & (bit - 1))];
        }

        foreach (ref TEntry candidate in node.Entries.AsSpan())
        {
            if (TKeying.HasKey(candidate, key))
            {
                entry = candidate;
                return true;
            }
        }

        entry = default;
        return false;
    }

    internal TrieEdit<TKey, TEntry, TKeying> Edit() => new(Root, Count);

    /// <summary>All entries, in the order of their hashes.</summary>
    internal IEnumerable<TEntry> All() => Walk(Root);

    private static IEnumerable<TEntry> Walk(TrieNode<TEntry> root)
    {
        Stack<TrieNode<TEntry>> open = new();
        open.Push(root);
        while (open.TryPop(out TrieNode<TEntry>? node))
        {
            foreach (TEntry entry in node.Entries)
            {
                yield return entry;
            }

            foreach (TrieNode<TEntry> child in node.Children)
            {
                open.Push(child);
            }
        }
    }
}
