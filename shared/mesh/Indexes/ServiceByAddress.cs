using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Indexes;

/// <summary>Services by address.</summary>
internal readonly struct ServiceByAddress : IKeying<IpAddress, ServicesAt>
{
    public static uint HashKey(in IpAddress key) => key.Hash32();

    public static uint HashEntry(in ServicesAt entry) => entry.Address.Hash32();

    public static bool HasKey(in ServicesAt entry, in IpAddress key) => entry.Address == key;
}
