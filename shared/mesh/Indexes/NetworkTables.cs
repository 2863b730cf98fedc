namespace Ambient.Mesh.Indexes;

/// <summary>The networks by name. Immutable. There are few, and comparing a few short names beats hashing one.</summary>
internal sealed class NetworkTables
{
    private const int FewEnoughToScan = 8;

    private readonly NetworkTable[] _sorted;

    private NetworkTables(NetworkTable[] sorted) => _sorted = sorted;

    internal static NetworkTables Empty { get; } = new([]);

    internal int Count => _sorted.Length;

    internal NetworkTable? Find(string network)
    {
        if (_sorted.Length > FewEnoughToScan)
        {
            int at = IndexOf(network);
            return at < 0 ? null : _sorted[at];
        }

        foreach (NetworkTable table in _sorted)
        {
            if (table.Network == network)
            {
                return table;
            }
        }

        return null;
    }

    /// <summary>These networks with one replaced, added, or, when it is empty, removed.</summary>
    internal NetworkTables With(NetworkTable table)
    {
        List<NetworkTable> tables = [.. _sorted];
        int at = IndexOf(table.Network);
        if (at >= 0)
        {
            tables.RemoveAt(at);
        }

        if (!table.IsEmpty)
        {
            tables.Insert(at < 0 ? ~at : at, table);
        }

        return new NetworkTables([.. tables]);
    }

    private int IndexOf(string network)
    {
        int low = 0, high = _sorted.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = string.CompareOrdinal(_sorted[middle].Network, network);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
