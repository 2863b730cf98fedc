namespace Ambient.Mesh.Indexes;

/// <summary>Which prefix lengths are in use, longest first, each with a count. Immutable.</summary>
internal sealed class RangeLengths
{
    private readonly (int Length, int Count)[] _items;

    private RangeLengths((int Length, int Count)[] items) => _items = items;

    internal static RangeLengths Empty { get; } = new([]);

    internal int Count => _items.Length;

    internal int this[int index] => _items[index].Length;

    /// <summary>The lengths with one more, or one less, of the given one.</summary>
    internal RangeLengths Adjusted(int length, int by)
    {
        List<(int Length, int Count)> items = [.. _items];
        int at = items.FindIndex(item => item.Length == length);
        if (at < 0)
        {
            items.Add((length, by));
        }
        else
        {
            items[at] = (length, items[at].Count + by);
        }

        items.RemoveAll(item => item.Count <= 0);
        items.Sort((a, b) => b.Length.CompareTo(a.Length));
        return new RangeLengths([.. items]);
    }
}
