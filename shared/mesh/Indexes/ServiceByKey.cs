using Ambient.Mesh.Services;

namespace Ambient.Mesh.Indexes;

/// <summary>Services by namespace and hostname.</summary>
internal readonly struct ServiceByKey : IKeying<NamespacedHostname, ServiceSlot>
{
    public static uint HashKey(in NamespacedHostname key) => TextHash.Of(key.Namespace, key.Hostname);

    public static uint HashEntry(in ServiceSlot entry) => TextHash.Of(entry.Key.Namespace, entry.Key.Hostname);

    public static bool HasKey(in ServiceSlot entry, in NamespacedHostname key) => entry.Key.Hostname == key.Hostname && entry.Key.Namespace == key.Namespace;
}
