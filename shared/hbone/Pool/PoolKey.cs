using Ambient.Linux.Sockets;
using Ambient.Mesh.Identities;

namespace Ambient.Hbone.Pool;

/// <summary>
/// What two connections must have in common to share a tunnel (ztunnel.md 2.8): who calls, who is expected, where it leads, and from which
/// address. Immutable; compared as a whole, so that a collision of hashes can never cross identities.
/// </summary>
public readonly struct PoolKey : IEquatable<PoolKey>
{
    /// <summary>Makes a key; the source's port is ignored.</summary>
    public PoolKey(SpiffeId source, IReadOnlyList<SpiffeId> expected, SocketAddress destination, SocketAddress sourceAddress)
    {
        Source = source;
        Expected = expected;
        Destination = destination;
        SourceAddress = sourceAddress.WithPort(0);
    }

    /// <summary>The identity that we present.</summary>
    public SpiffeId Source { get; }

    /// <summary>The identities that the peer may have, in order.</summary>
    public IReadOnlyList<SpiffeId> Expected { get; }

    /// <summary>Address and port of the peer.</summary>
    public SocketAddress Destination { get; }

    /// <summary>The application's address, port 0.</summary>
    public SocketAddress SourceAddress { get; }

    /// <inheritdoc/>
    public bool Equals(PoolKey other)
    {
        if (!Destination.Equals(other.Destination) || !SourceAddress.Equals(other.SourceAddress) || !Source.Equals(other.Source) || Expected.Count != other.Expected.Count)
        {
            return false;
        }

        for (int i = 0; i < Expected.Count; i++)
        {
            if (!Expected[i].Equals(other.Expected[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PoolKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Source, Destination, SourceAddress, Expected.Count > 0 ? Expected[0] : null);

    /// <summary>Equality.</summary>
    public static bool operator ==(PoolKey left, PoolKey right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(PoolKey left, PoolKey right) => !left.Equals(right);
}
