using Ambient.Mesh.Indexes;

namespace Ambient.Mesh.Policies;

/// <summary>Compiled policies by resource name.</summary>
internal readonly struct PolicySlot : IKeying<string, CompiledPolicy>
{
    public static uint HashKey(in string key) => TextHash.Of(key);

    public static uint HashEntry(in CompiledPolicy entry) => TextHash.Of(entry.Key);

    public static bool HasKey(in CompiledPolicy entry, in string key) => entry.Key == key;
}
