namespace Ambient.Xds.Server.Resources;

/// <summary>Which resources have a word: mostly one each, sometimes thousands. Not thread-safe.</summary>
internal sealed class NameIndex
{
    private readonly Dictionary<string, object> _entries = new(StringComparer.Ordinal);

    internal void Add(string word, ResourceEntry entry)
    {
        if (!_entries.TryGetValue(word, out object? held))
        {
            _entries[word] = entry;
        }
        else if (held is Dictionary<string, ResourceEntry> many)
        {
            many[entry.Name] = entry;
        }
        else if (held is ResourceEntry one)
        {
            _entries[word] = one.Name == entry.Name ? entry : new Dictionary<string, ResourceEntry>(StringComparer.Ordinal) { [one.Name] = one, [entry.Name] = entry };
        }
    }

    internal void Remove(string word, string name)
    {
        if (!_entries.TryGetValue(word, out object? held))
        {
            return;
        }

        if (held is ResourceEntry one && one.Name == name)
        {
            _entries.Remove(word);
        }
        else if (held is Dictionary<string, ResourceEntry> many && many.Remove(name) && many.Count == 0)
        {
            _entries.Remove(word);
        }
    }

    internal IEnumerable<ResourceEntry> Of(string word) => _entries.TryGetValue(word, out object? held)
        ? held is Dictionary<string, ResourceEntry> many ? many.Values : [(ResourceEntry)held]
        : [];
}
