namespace Ambient.Mesh.Indexes;

/// <summary>
/// A node of a <see cref="PersistentTrie{TKey, TEntry, TKeying}"/>: entries and children in two dense arrays, and a map of
/// which of the 32 places hold which (a compressed hash-array mapped prefix trie). Below the last hash bit
/// <see cref="Entries"/> is a plain list of entries with equal hashes.
/// </summary>
internal sealed class TrieNode<TEntry>
{
    internal static readonly TrieNode<TEntry> Empty = new(0, 0, 0, [], []);

    internal TrieNode(long edit, uint entryMap, uint childMap, TEntry[] entries, TrieNode<TEntry>[] children)
    {
        Edit = edit;
        EntryMap = entryMap;
        ChildMap = childMap;
        Entries = entries;
        Children = children;
    }

    /// <summary>The batch that made this node and may still change it in place.</summary>
    internal long Edit { get; }

    internal uint EntryMap { get; set; }

    internal uint ChildMap { get; set; }

    internal TEntry[] Entries { get; set; }

    internal TrieNode<TEntry>[] Children { get; set; }
}
