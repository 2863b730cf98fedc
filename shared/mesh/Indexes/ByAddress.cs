using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Indexes;

/// <summary>Slots by address.</summary>
internal readonly struct ByAddress<T> : IKeying<IpAddress, AddressSlot<T>>
    where T : class
{
    public static uint HashKey(in IpAddress key) => key.Hash32();

    public static uint HashEntry(in AddressSlot<T> entry) => entry.Address.Hash32();

    public static bool HasKey(in AddressSlot<T> entry, in IpAddress key) => entry.Address == key;
}
