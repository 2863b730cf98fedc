namespace Ambient.Xds.Server.Resources;

/// <summary>
/// Everything that is served, with a version for each resource that is made of its content. A change costs what it touches, whatever
/// the size of the whole. Thread-safe.
/// </summary>
public sealed class ResourceStore
{
    /// <summary>How many removed names are remembered for clients that lag behind.</summary>
    public const int DefaultTombstones = 65_536;

    private readonly Lock _gate = new();
    private readonly ResourceTable[] _tables;
    private long _sequence;

    /// <summary>An empty store.</summary>
    /// <param name="typeUrls">The types, in the order in which they are told: what others refer to comes first.</param>
    /// <param name="maxTombstones">How many removed names of each type are remembered for clients that lag behind.</param>
    /// <param name="ownedTypeUrls">
    /// Those of the types whose resources are each for one owner: names begin with <c>a/b/</c>, and nobody but the owner <c>a/b</c> hears of them.
    /// </param>
    /// <param name="needs">Which type owners may have in part; null: none.</param>
    public ResourceStore(IReadOnlyList<string> typeUrls, int maxTombstones = DefaultTombstones, IReadOnlyList<string>? ownedTypeUrls = null, NeedsRule? needs = null)
    {
        _tables = [.. typeUrls.Select(type => new ResourceTable(type, maxTombstones, ownedTypeUrls?.Contains(type) ?? false))];
        Needs = needs;
    }

    /// <summary>Raised after each change that is one, outside of the lock, on the thread that made it. Handlers are quick.</summary>
    public event Action? Changed;

    /// <summary>How many changes there were.</summary>
    public long Sequence
    {
        get
        {
            lock (_gate)
            {
                return _sequence;
            }
        }
    }

    internal NeedsRule? Needs { get; }

    internal Lock Gate => _gate;

    /// <summary>Read under <see cref="Gate"/>.</summary>
    internal long Now => _sequence;

    /// <summary>Used under <see cref="Gate"/>.</summary>
    internal IReadOnlyList<ResourceTable> Tables => _tables;

    /// <summary>How many resources of a type there are.</summary>
    public int Count(string typeUrl)
    {
        lock (_gate)
        {
            return Table(typeUrl).Count;
        }
    }

    /// <summary>The version of each resource of a type, by name.</summary>
    public IReadOnlyDictionary<string, string> Versions(string typeUrl)
    {
        ResourceEntry[] all;
        lock (_gate)
        {
            all = Table(typeUrl).All();
        }

        return all.ToDictionary(static entry => entry.Name, static entry => entry.Version, StringComparer.Ordinal);
    }

    /// <summary>Applies changes as one: no client sees a part of them. Returns how many changed anything.</summary>
    /// <exception cref="ArgumentException">A type is not of this store.</exception>
    public int Apply(IEnumerable<ResourceChange> changes)
    {
        // What costs is done before the lock.
        var made = changes.Select(change => (Table: Table(change.TypeUrl), change.Name, Entry: change.Content is null ? null : ResourceEntry.Make(change.TypeUrl, change.Name, change.Content))).ToList();
        int count = 0;
        lock (_gate)
        {
            long sequence = _sequence + 1;
            foreach ((ResourceTable table, string name, ResourceEntry? entry) in made)
            {
                count += table.Apply(name, entry, sequence) ? 1 : 0;
            }

            _sequence = count > 0 ? sequence : _sequence;
        }

        if (count > 0)
        {
            Changed?.Invoke();
        }

        return count;
    }

    internal ResourceTable? FindTable(string typeUrl) => Array.Find(_tables, table => table.TypeUrl == typeUrl);

    private ResourceTable Table(string typeUrl) => FindTable(typeUrl) ?? throw new ArgumentException($"The type {typeUrl} is not served.", nameof(typeUrl));
}
