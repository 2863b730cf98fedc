namespace Ambient.Mesh.Indexes;

/// <summary>An ordered list that holds a single item without an array of its own. Immutable.</summary>
internal readonly struct OneOrMany<T>
    where T : class
{
    private readonly object? _value;

    internal OneOrMany(T item) => _value = item;

    private OneOrMany(T[] items) => _value = items.Length switch { 0 => null, 1 => items[0], _ => items };

    internal int Count => _value is null ? 0 : _value is T[] items ? items.Length : 1;

    internal bool IsEmpty => _value is null;

    internal T First => _value is T[] items ? items[0] : (T)_value!;

    internal T this[int index] => _value is T[] items ? items[index] : (T)_value!;

    internal OneOrMany<T> Inserted(int at, T item)
    {
        if (_value is null)
        {
            return new OneOrMany<T>(item);
        }

        T[] items = new T[Count + 1];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = i == at ? item : this[i < at ? i : i - 1];
        }

        return new OneOrMany<T>(items);
    }

    internal OneOrMany<T> Appended(T item) => Inserted(Count, item);

    internal OneOrMany<T> Without(T item)
    {
        int at = IndexOf(item);
        if (at < 0)
        {
            return this;
        }

        T[] items = new T[Count - 1];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = this[i < at ? i : i + 1];
        }

        return new OneOrMany<T>(items);
    }

    /// <summary>The new item in the place of the old one, or at the end when the old one isn't there.</summary>
    internal OneOrMany<T> Replaced(T old, T item)
    {
        int at = IndexOf(old);
        if (at < 0)
        {
            return Appended(item);
        }

        if (_value is not T[] items)
        {
            return new OneOrMany<T>(item);
        }

        T[] copy = [.. items];
        copy[at] = item;
        return new OneOrMany<T>(copy);
    }

    private int IndexOf(T item)
    {
        for (int i = 0; i < Count; i++)
        {
            if (ReferenceEquals(this[i], item))
            {
                return i;
            }
        }

        return -1;
    }
}
