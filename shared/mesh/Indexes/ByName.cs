namespace Ambient.Mesh.Indexes;

/// <summary>Slots by name.</summary>
internal readonly struct ByName<T> : IKeying<string, NamedSlot<T>>
    where T : class
{
    public static uint HashKey(in string key) => TextHash.Of(key);

    public static uint HashEntry(in NamedSlot<T> entry) => TextHash.Of(entry.Name);

    public static bool HasKey(in NamedSlot<T> entry, in string key) => entry.Name == key;
}
