namespace Ambient.Mesh.Services;

/// <summary>Service ports and their target ports, ordered by service port. Immutable; a target of 0 means a named port.</summary>
public sealed class PortMap : IEquatable<PortMap>
{
    private readonly uint[] _pairs;

    private PortMap(uint[] pairs) => _pairs = pairs;

    /// <summary>No ports.</summary>
    public static PortMap Empty { get; } = new([]);

    /// <summary>The number of service ports.</summary>
    public int Count => _pairs.Length;

    /// <summary>A map of the given ports, cut to 16 bits (ztunnel.md 3.7); of a port that is named twice the last counts.</summary>
    public static PortMap Of(params ReadOnlySpan<(int ServicePort, int TargetPort)> ports)
    {
        SortedDictionary<ushort, ushort> sorted = [];
        foreach ((int service, int target) in ports)
        {
            sorted[unchecked((ushort)service)] = unchecked((ushort)target);
        }

        return From(sorted);
    }

    /// <summary>A map of the given ports.</summary>
    public static PortMap From(IReadOnlyCollection<KeyValuePair<ushort, ushort>> ports)
    {
        if (ports.Count == 0)
        {
            return Empty;
        }

        uint[] pairs = new uint[ports.Count];
        int at = 0;
        foreach ((ushort service, ushort target) in ports)
        {
            pairs[at++] = ((uint)service << 16) | target;
        }

        Array.Sort(pairs);
        return new PortMap(pairs);
    }

    /// <summary>The target of a service port; false when it isn't declared.</summary>
    public bool TryGet(ushort servicePort, out ushort targetPort)
    {
        foreach (uint pair in _pairs)
        {
            if (pair >> 16 == servicePort)
            {
                targetPort = (ushort)pair;
                return true;
            }
        }

        targetPort = 0;
        return false;
    }

    /// <inheritdoc/>
    public bool Equals(PortMap? other) => ReferenceEquals(this, other) || (other is not null && _pairs.AsSpan().SequenceEqual(other._pairs));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PortMap);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (uint pair in _pairs)
        {
            hash.Add(pair);
        }

        return hash.ToHashCode();
    }

    /// <summary>Service port and target port, ordered by service port.</summary>
    public IEnumerator<KeyValuePair<ushort, ushort>> GetEnumerator()
    {
        foreach (uint pair in _pairs)
        {
            yield return new KeyValuePair<ushort, ushort>((ushort)(pair >> 16), (ushort)pair);
        }
    }
}
