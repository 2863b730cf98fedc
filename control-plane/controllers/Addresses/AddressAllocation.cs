using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Reconciling;
using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Addresses;

/// <summary>
/// Gives ServiceEntries without addresses some of a pool, in their status (control-plane reference 2.7). One leader does it for all revisions, whichever it is of: they share the pool,
/// and an address that another revision's entry has is taken. Thread-safe.
/// </summary>
public sealed class AddressAllocation : IController
{
    private readonly KubernetesClient _client;
    private readonly ClusterView _view;
    private readonly AddressPool _pool;
    private readonly KeyedWork<ResourceKey> _work;
    private readonly Lock _gate = new();
    private AddressPlan _plan;

    /// <summary>Begins to listen to ServiceEntries; works when it is run.</summary>
    public AddressAllocation(KubernetesClient client, ClusterView view, AddressPool pool, TimeProvider clock, Logger log)
    {
        ArgumentNullException.ThrowIfNull(view);
        (_client, _view, _pool, _plan) = (client, view, pool, new AddressPlan(pool));
        _work = new KeyedWork<ResourceKey>(Name, HandleAsync, clock, log, workers: 1);
        view.Changed += (type, key) =>
        {
            if (ReferenceEquals(type, KnownResources.ServiceEntries))
            {
                Set(key);
            }
        };
    }

    /// <inheritdoc/>
    public string Name => "addresses";

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken leading) => _work.RunAsync(Plan, leading);

    /// <summary>What another leader has given out meanwhile is what objects say now. All are known before the first number is given.</summary>
    private IEnumerable<ResourceKey> Plan()
    {
        lock (_gate)
        {
            // Looked at inside: what changes meanwhile waits for the lock, and then for the new plan.
            ServiceEntry[] entries = [.. _view.All(KnownResources.ServiceEntries).OrderBy(static entry => entry.Metadata.CreationTimestamp)];
            _plan = new AddressPlan(_pool);
            foreach (ServiceEntry entry in entries)
            {
                _plan.Set(entry.Key, entry);
            }

            return entries.Select(static entry => entry.Key);
        }
    }

    private void Set(ResourceKey key)
    {
        IReadOnlyCollection<ResourceKey> doubted;
        lock (_gate)
        {
            doubted = _plan.Set(key, _view.Find(KnownResources.ServiceEntries, key));
        }

        foreach (ResourceKey due in doubted)
        {
            _work.Add(due);
        }
    }

    private async Task<string?> HandleAsync(ResourceKey key, CancellationToken cancellation)
    {
        IReadOnlyList<AllocatedAddress>? wanted;
        lock (_gate)
        {
            wanted = _plan.Decide(key);
        }

        if (wanted is null || _view.Find(KnownResources.ServiceEntries, key) is not { } entry)
        {
            return null;
        }

        var addresses = new JsonArray([.. wanted.Select(static address => (JsonNode)new JsonObject { ["host"] = address.Host, ["value"] = address.Value })]);
        return await StatusPatch.WriteAsync(_client, KnownResources.ServiceEntries, entry, new JsonObject { ["addresses"] = addresses }, cancellation);
    }
}
