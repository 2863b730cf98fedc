using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Views;

/// <summary>Changes that become visible together. Mutable, for one writer. Removals are applied first.</summary>
public sealed class MeshBatch
{
    /// <summary>Workloads to insert or to replace, by uid.</summary>
    public List<Workload> Workloads { get; } = [];

    /// <summary>Services to insert or to replace, by namespace and hostname.</summary>
    public List<Service> Services { get; } = [];

    /// <summary>Policies to insert or to replace, by resource name.</summary>
    public List<(string Key, AuthorizationPolicy Policy)> Policies { get; } = [];

    /// <summary>Resource names to remove: a workload's uid, else a Service's <c>namespace/hostname</c>; others are ignored.</summary>
    public List<string> RemovedAddresses { get; } = [];

    /// <summary>Resource names of policies to remove.</summary>
    public List<string> RemovedPolicies { get; } = [];
}
