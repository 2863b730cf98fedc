namespace Ambient.Mesh.Indexes;

/// <summary>How entries of a <see cref="PersistentTrie{TKey, TEntry, TKeying}"/> are found: the key is part of the entry.</summary>
internal interface IKeying<TKey, TEntry>
{
    /// <summary>Hash of a key.</summary>
    static abstract uint HashKey(in TKey key);

    /// <summary>Hash of the entry's key; equal keys have equal hashes.</summary>
    static abstract uint HashEntry(in TEntry entry);

    /// <summary>Whether the entry has the key.</summary>
    static abstract bool HasKey(in TEntry entry, in TKey key);
}
