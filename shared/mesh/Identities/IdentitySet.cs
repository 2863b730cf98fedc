using System.Collections;

namespace Ambient.Mesh.Identities;

/// <summary>A small set of identities, one of which a peer must show. Immutable; equal when the identities are equal in order, so it can be part of a pool's key.</summary>
public sealed class IdentitySet : IReadOnlyList<SpiffeId>, IEquatable<IdentitySet>
{
    private readonly SpiffeId[] _items;
    private readonly int _hash;

    private IdentitySet(SpiffeId[] items)
    {
        _items = items;
        HashCode hash = default;
        foreach (SpiffeId item in items)
        {
            hash.Add(item);
        }

        _hash = hash.ToHashCode();
    }

    /// <summary>No identity: no peer is accepted.</summary>
    public static IdentitySet Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _items.Length;

    /// <inheritdoc/>
    public SpiffeId this[int index] => _items[index];

    /// <summary>A set of the given identities; repeated ones count once.</summary>
    public static IdentitySet Of(params ReadOnlySpan<SpiffeId> identities)
    {
        if (identities.Length == 0)
        {
            return Empty;
        }

        List<SpiffeId> items = new(identities.Length);
        foreach (SpiffeId identity in identities)
        {
            if (!items.Contains(identity))
            {
                items.Add(identity);
            }
        }

        return new IdentitySet([.. items]);
    }

    /// <summary>This set and one more.</summary>
    public IdentitySet With(SpiffeId identity) => Contains(identity) ? this : _items.Length == 0 ? identity.Alone : new IdentitySet([.. _items, identity]);

    /// <summary>Whether the identity is in the set.</summary>
    public bool Contains(SpiffeId identity) => Array.IndexOf(_items, identity) >= 0;

    /// <inheritdoc/>
    public bool Equals(IdentitySet? other) =>
        ReferenceEquals(this, other) || (other is not null && _hash == other._hash && _items.AsSpan().SequenceEqual(other._items));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as IdentitySet);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <inheritdoc/>
    public IEnumerator<SpiffeId> GetEnumerator() => ((IEnumerable<SpiffeId>)_items).GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", (IEnumerable<SpiffeId>)_items);

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
