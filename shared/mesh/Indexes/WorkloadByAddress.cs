using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Indexes;

/// <summary>Workloads by address.</summary>
internal readonly struct WorkloadByAddress : IKeying<IpAddress, WorkloadsAt>
{
    public static uint HashKey(in IpAddress key) => key.Hash32();

    public static uint HashEntry(in WorkloadsAt entry) => entry.Address.Hash32();

    public static bool HasKey(in WorkloadsAt entry, in IpAddress key) => entry.Address == key;
}
