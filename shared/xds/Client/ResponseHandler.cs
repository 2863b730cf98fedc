using System.Text;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Views;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Mapping;
using Ambient.Xds.Snapshots;

namespace Ambient.Xds.Client;

/// <summary>
/// Applies responses to the mesh's state and keeps the table of what is held (ztunnel reference section 4.3). One caller at a time;
/// outlives streams.
/// </summary>
internal sealed class ResponseHandler(MeshState state, OnDemandWaiters waiters, AdsObserver observer, ResourceSnapshot? snapshot = null)
{
    private const int MaxReasons = 16 * 1024;
    private readonly Dictionary<string, ResourceTable> _tables = new(StringComparer.Ordinal)
    {
        [TypeUrls.Address] = new ResourceTable(),
        [TypeUrls.Authorization] = new ResourceTable(),
    };

    internal ResourceTable TableOf(string typeUrl) => _tables[typeUrl];

    /// <summary>Applies a response and returns the answer to it; an answer with error detail is a NACK.</summary>
    internal DeltaDiscoveryRequest Handle(DeltaDiscoveryResponse response)
    {
        var answer = new DeltaDiscoveryRequest { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce };
        observer.OnResponse(response.TypeUrl, response.Resources.Count, response.RemovedResources.Count, response.Resources.Sum(static resource => (long)(resource.Resource_?.Value.Length ?? 0)));
        if (!_tables.TryGetValue(response.TypeUrl, out ResourceTable? table))
        {
            observer.OnUnknownType(response.TypeUrl);
            return answer;
        }

        string reasons = Apply(response, table, out List<Resource> good);
        snapshot?.Append(response.TypeUrl, good, response.RemovedResources);
        if (reasons.Length > 0)
        {
            observer.OnRejected(response.TypeUrl, reasons);
            answer.ErrorDetail = new Status { Message = reasons };
        }

        return answer;
    }

    /// <summary>Applies what was in force before this process began, without an answer.</summary>
    internal void Restore(DeltaDiscoveryResponse change)
    {
        if (_tables.TryGetValue(change.TypeUrl, out ResourceTable? table))
        {
            Apply(change, table, out _);
        }
    }

    private static string? TryAdd(MeshBatch batch, string typeUrl, Resource resource)
    {
        if (resource.Resource_ is null)
        {
            return "XDS payload without resource";
        }

        if (resource.Name.Length > ResourceTable.MaxText / 4 || resource.Version.Length > ResourceTable.MaxText / 4)
        {
            return "name or version is too long";
        }

        string? error;
        _ = typeUrl == TypeUrls.Address
            ? ResourceMapping.TryAddAddress(batch, resource.Resource_, out error)
            : ResourceMapping.TryAddAuthorization(batch, resource.Name, resource.Resource_, out error);
        return error;
    }

    private string Apply(DeltaDiscoveryResponse response, ResourceTable table, out List<Resource> good)
    {
        var batch = new MeshBatch();
        var reasons = new StringBuilder();
        good = new List<Resource>(response.Resources.Count);
        foreach (Resource resource in response.Resources)
        {
            if (TryAdd(batch, response.TypeUrl, resource) is not { } error)
            {
                good.Add(resource);
            }
            else if (reasons.Length < MaxReasons)
            {
                reasons.Append(reasons.Length > 0 ? "; " : "").Append(resource.Name).Append(": ").Append(error);
            }
        }

        (response.TypeUrl == TypeUrls.Address ? batch.RemovedAddresses : batch.RemovedPolicies).AddRange(response.RemovedResources);
        state.Apply(batch);
        foreach (string name in response.RemovedResources)
        {
            table.Remove(name);
        }

        foreach (Resource resource in good)
        {
            table.Set(resource.Name, resource.Version);
        }

        if (response.TypeUrl == TypeUrls.Address)
        {
            Wake(response.RemovedResources);
            Wake(good.Select(static resource => resource.Name));

            // Someone who asked for an address may be answered under the resource's own name.
            Wake(good.SelectMany(static resource => resource.Aliases));
            Wake(waiters.Names.Where(IsKnownAddress));
        }

        return reasons.ToString();
    }

    // Or under no name of the asker's at all: a control plane need not send aliases.
    private bool IsKnownAddress(string name) => NetworkAddress.TryParse(name, out NetworkAddress address)
        && (state.Current.FindWorkload(address) is not null || state.Current.FindService(address, clientNamespace: null) is not null);

    private void Wake(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            waiters.Wake(name);
        }
    }
}
