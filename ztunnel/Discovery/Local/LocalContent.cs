using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>
/// What a file said when it was last applied: digests only, for the workloads themselves are in the state already and there may be
/// hundreds of thousands. Immutable.
/// </summary>
internal sealed class LocalContent
{
    internal static readonly LocalContent Empty = new();

    private readonly Dictionary<UInt128, UInt128> _workloads;
    private readonly Dictionary<string, UInt128> _services;
    private readonly Dictionary<string, UInt128> _policies;

    internal LocalContent(LocalMesh mesh)
    {
        _workloads = mesh.WorkloadItems.ToDictionary(static item => LocalDigest.Of(item.Key), static item => item.Digest);
        _services = mesh.ServiceItems.ToDictionary(static item => item.Key, static item => item.Digest, StringComparer.Ordinal);
        _policies = mesh.PolicyItems.ToDictionary(static item => item.Key, static item => item.Digest, StringComparer.Ordinal);
    }

    private LocalContent()
    {
        _workloads = [];
        _services = [];
        _policies = [];
    }

    /// <summary>What must change so that the state, which holds this content, holds another instead.</summary>
    internal MeshBatch DifferenceTo(LocalMesh mesh, LocalContent after, MeshView view)
    {
        var batch = new MeshBatch();
        foreach (LocalItem<Workload> item in mesh.WorkloadItems)
        {
            if (!_workloads.TryGetValue(LocalDigest.Of(item.Key), out UInt128 digest) || digest != item.Digest)
            {
                batch.Workloads.Add(item.Value);
            }
        }

        batch.Services.AddRange(mesh.ServiceItems.Where(item => IsChanged(_services, item.Key, item.Digest)).Select(static item => item.Value));
        batch.Policies.AddRange(mesh.PolicyItems.Where(item => IsChanged(_policies, item.Key, item.Digest)).Select(static item => (item.Key, item.Value)));
        batch.RemovedAddresses.AddRange(RemovedWorkloads(after, view));
        batch.RemovedAddresses.AddRange(_services.Keys.Where(key => !after._services.ContainsKey(key)));
        batch.RemovedPolicies.AddRange(_policies.Keys.Where(key => !after._policies.ContainsKey(key)));
        return batch;
    }

    private static bool IsChanged(Dictionary<string, UInt128> before, string key, UInt128 digest) =>
        !before.TryGetValue(key, out UInt128 old) || old != digest;

    /// <summary>The names of workloads are not kept; the state knows them.</summary>
    private IEnumerable<string> RemovedWorkloads(LocalContent after, MeshView view)
    {
        var gone = _workloads.Keys.Where(key => !after._workloads.ContainsKey(key)).ToHashSet();
        return gone.Count == 0 ? [] : view.Workloads.Select(static workload => workload.Uid).Where(uid => gone.Contains(LocalDigest.Of(uid)));
    }
}
