using System.Runtime.InteropServices;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Views;

/// <summary>Counts the identities of the own node's workloads and says which appeared and which went (ztunnel.md 6.4). For one writer.</summary>
internal sealed class LocalIdentities
{
    private readonly Dictionary<SpiffeId, (int All, int Meshed)> _counts = [];
    private readonly Dictionary<SpiffeId, (int All, int Meshed)> _before = [];

    internal void Add(Workload workload) => Count(workload, 1);

    internal void Remove(Workload workload) => Count(workload, -1);

    internal void TakeChanges(List<SpiffeId> added, List<SpiffeId> removed)
    {
        foreach ((SpiffeId identity, (int all, int meshed)) in _before)
        {
            (int All, int Meshed) now = _counts.GetValueOrDefault(identity);
            if (meshed == 0 && now.Meshed > 0)
            {
                added.Add(identity);
            }

            if (all > 0 && now.All == 0)
            {
                removed.Add(identity);
            }
        }

        _before.Clear();
    }

    private void Count(Workload workload, int by)
    {
        ref (int All, int Meshed) count = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, workload.Identity, out _);
        _ = _before.TryAdd(workload.Identity, count);
        count.All += by;
        count.Meshed += workload.Protocol == TunnelProtocol.Hbone || workload.NativeTunnel ? by : 0;
        if (count.All == 0)
        {
            _ = _counts.Remove(workload.Identity);
        }
    }
}
