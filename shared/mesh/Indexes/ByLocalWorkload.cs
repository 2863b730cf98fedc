using Ambient.Mesh.Views;

namespace Ambient.Mesh.Indexes;

/// <summary>Slots by name, namespace and account.</summary>
internal readonly struct ByLocalWorkload : IKeying<LocalWorkload, LocalSlot>
{
    public static uint HashKey(in LocalWorkload key) => TextHash.Of(key.Namespace, key.Name);

    public static uint HashEntry(in LocalSlot entry) => HashKey(entry.Key);

    public static bool HasKey(in LocalSlot entry, in LocalWorkload key) => entry.Key == key;
}
