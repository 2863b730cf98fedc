using Ambient.Mesh.Identities;

namespace Ambient.Mesh.Views;

/// <summary>What a batch changed. Immutable.</summary>
public sealed class ChangeSummary
{
    /// <summary>Whether live connections must be judged again because of policies (ztunnel.md 4.7).</summary>
    public bool PoliciesChanged { get; init; }

    /// <summary>Whether any workload was inserted, replaced or removed.</summary>
    public bool WorkloadsChanged { get; init; }

    /// <summary>Whether a workload of the own node was; its policy list may be another, so its connections are judged again.</summary>
    public bool LocalWorkloadsChanged { get; init; }

    /// <summary>Whether any Service or its endpoints changed.</summary>
    public bool ServicesChanged { get; init; }

    /// <summary>How many Services were indexed anew: each once, however many of its endpoints changed.</summary>
    public int ServicesReindexed { get; init; }

    /// <summary>Identities that the own node now needs certificates for (HBONE or native tunnel).</summary>
    public IReadOnlyList<SpiffeId> LocalIdentitiesAdded { get; init; } = [];

    /// <summary>Identities whose last workload on the own node is gone.</summary>
    public IReadOnlyList<SpiffeId> LocalIdentitiesRemoved { get; init; } = [];

    /// <summary>Names in <see cref="MeshBatch.RemovedAddresses"/> and <see cref="MeshBatch.RemovedPolicies"/> that named nothing.</summary>
    public IReadOnlyList<string> UnknownRemovals { get; init; } = [];
}
