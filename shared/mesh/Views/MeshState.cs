using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Views;

/// <summary>
/// The one place where the mesh's state changes. Thread-safe: batches are applied one after the other, readers take
/// <see cref="Current"/> and keep it as long as they like.
/// </summary>
/// <remarks>
/// What workloads say about their Services is kept whether or not the Service is known and whatever its health policy is; a
/// Service's endpoints are computed from that each time. So a Service that comes back has its endpoints, and one that
/// admits unhealthy endpoints again finds them (ztunnel.md 14, nos. 12 and 14).
/// </remarks>
public sealed class MeshState
{
    private readonly Lock _writing = new();
    private readonly MeshWriter _writer;
    private volatile MeshView _current = MeshView.Empty;

    /// <summary>An empty state.</summary>
    /// <param name="localNode">The own node's name; null or empty makes the workloads of all nodes local (ztunnel.md 3.1) and announces no identities.</param>
    public MeshState(string? localNode = null) => _writer = new MeshWriter(string.IsNullOrEmpty(localNode) ? null : localNode);

    /// <summary>
    /// Raised after each batch, on the thread that applied it and before the next batch: handlers are quick and hand work on.
    /// One that waits for a workload looks it up in <see cref="Current"/> after subscribing, so that it misses none.
    /// </summary>
    public event Action<MeshView, ChangeSummary>? Changed;

    /// <summary>The latest view.</summary>
    public MeshView Current => _current;

    /// <summary>Applies all changes of the batch at once and publishes the new view.</summary>
    public ChangeSummary Apply(MeshBatch batch)
    {
        lock (_writing)
        {
            foreach (string name in batch.RemovedAddresses)
            {
                _writer.RemoveAddress(name);
            }

            foreach (Workload workload in batch.Workloads)
            {
                _writer.Put(workload);
            }

            foreach (Service service in batch.Services)
            {
                _writer.Put(service);
            }

            _writer.Change(batch.Policies, batch.RemovedPolicies);
            _current = _writer.Build(_current.Version + 1, out ChangeSummary summary);
            Changed?.Invoke(_current, summary);
            return summary;
        }
    }
}
