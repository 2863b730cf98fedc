using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Indexes;

/// <summary>Workloads by uid, which each holds in two parts.</summary>
internal readonly struct WorkloadByUid : IKeying<string, Workload>
{
    public static uint HashKey(in string key) => TextHash.Of(key);

    public static uint HashEntry(in Workload entry) => entry.UidHash();

    public static bool HasKey(in Workload entry, in string key) => entry.HasUid(key);
}
