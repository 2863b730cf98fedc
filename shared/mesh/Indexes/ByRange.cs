using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Indexes;

/// <summary>Slots by address range.</summary>
internal readonly struct ByRange : IKeying<IpPrefix, RangeSlot>
{
    public static uint HashKey(in IpPrefix key) => (uint)key.GetHashCode();

    public static uint HashEntry(in RangeSlot entry) => (uint)entry.Range.GetHashCode();

    public static bool HasKey(in RangeSlot entry, in IpPrefix key) => entry.Range == key;
}
