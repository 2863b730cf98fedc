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
internal sealed class ResponseHandler
{
    private const int MaxReasons = 16 * 1024;
    private readonly MeshState _state;
    private readonly OnDemandWaiters _waiters;
    private readonly AdsObserver _observer;
    private readonly ResourceSnapshot? _snapshot;
    private readonly Dictionary<string, IResourceSink> _sinks;
    private readonly Dictionary<string, ResourceTable> _tables = new(StringComparer.Ordinal)
    {
        [TypeUrls.Address] = new ResourceTable(),
        [TypeUrls.Authorization] = new ResourceTable(),
    };

    internal ResponseHandler(MeshState state, OnDemandWaiters waiters, AdsObserver observer, ResourceSnapshot? snapshot = null, IReadOnlyList<IResourceSink>? sinks = null)
    {
        (_state, _waiters, _observer, _snapshot) = (state, waiters, observer, snapshot);
        _sinks = (sinks ?? []).ToDictionary(static sink => sink.TypeUrl, StringComparer.Ordinal);
        foreach (string typeUrl in _sinks.Keys)
        {
            _tables.Add(typeUrl, new ResourceTable());
        }
    }

    internal ResourceTable TableOf(string typeUrl) => _tables[typeUrl];

    /// <summary>Applies a response and returns the answer to it; an answer with error detail is a NACK.</summary>
    internal DeltaDiscoveryRequest Handle(DeltaDiscoveryResponse response)
    {
        var answer = new DeltaDiscoveryRequest { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce };
        _observer.OnResponse(response.TypeUrl, response.Resources.Count, response.RemovedResources.Count, response.Resources.Sum(static resource => (long)(resource.Resource_?.Value.Length ?? 0)));
        if (!_tables.TryGetValue(response.TypeUrl, out ResourceTable? table))
        {
            _observer.OnUnknownType(response.TypeUrl);
            return answer;
        }

        string reasons = Apply(response, table, out List<Resource> good);
        if (!_sinks.TryGetValue(response.TypeUrl, out IResourceSink? sink) || sink.IsKept)
        {
            _snapshot?.Append(response.TypeUrl, sink is null ? good : [.. good.Select(sink.ForDisk)], response.RemovedResources);
        }

        if (reasons.Length > 0)
        {
            _observer.OnRejected(response.TypeUrl, reasons);
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

    private static string? Check(Resource resource) =>
        resource.Resource_ is null ? "XDS payload without resource"
        : resource.Name.Length > ResourceTable.MaxText / 4 || resource.Version.Length > ResourceTable.MaxText / 4 ? "name or version is too long"
        : null;

    private static string? TryAdd(MeshBatch batch, string typeUrl, Resource resource)
    {
        string? error;
        _ = typeUrl == TypeUrls.Address
            ? ResourceMapping.TryAddAddress(batch, resource.Resource_, out error)
            : ResourceMapping.TryAddAuthorization(batch, resource.Name, resource.Resource_, out error);
        return error;
    }

    private string Apply(DeltaDiscoveryResponse response, ResourceTable table, out List<Resource> good)
    {
        var reasons = new StringBuilder();
        void Refuse(Resource resource, string error)
        {
            if (reasons.Length < MaxReasons)
            {
                reasons.Append(reasons.Length > 0 ? "; " : "").Append(resource.Name).Append(": ").Append(error);
            }
        }

        good = _sinks.TryGetValue(response.TypeUrl, out IResourceSink? sink) ? ToSink(sink, response, Refuse) : ToMesh(response, Refuse);
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
            Wake(_waiters.Names.Where(IsKnownAddress));
        }

        return reasons.ToString();
    }

    private static List<Resource> ToSink(IResourceSink sink, DeltaDiscoveryResponse response, Action<Resource, string> refuse)
    {
        var good = new List<Resource>(response.Resources.Count);
        foreach (Resource resource in response.Resources)
        {
            if (Check(resource) is { } error)
            {
                refuse(resource, error);
            }
            else
            {
                good.Add(resource);
            }
        }

        var refused = new HashSet<Resource>(ReferenceEqualityComparer.Instance);
        sink.Apply(good, response.RemovedResources, (resource, error) =>
        {
            refused.Add(resource);
            refuse(resource, error);
        });
        good.RemoveAll(refused.Contains);
        return good;
    }

    private List<Resource> ToMesh(DeltaDiscoveryResponse response, Action<Resource, string> refuse)
    {
        var batch = new MeshBatch();
        var good = new List<Resource>(response.Resources.Count);
        foreach (Resource resource in response.Resources)
        {
            if ((Check(resource) ?? TryAdd(batch, response.TypeUrl, resource)) is { } error)
            {
                refuse(resource, error);
            }
            else
            {
                good.Add(resource);
            }
        }

        (response.TypeUrl == TypeUrls.Address ? batch.RemovedAddresses : batch.RemovedPolicies).AddRange(response.RemovedResources);
        _state.Apply(batch);
        return good;
    }

    // Or under no name of the asker's at all: a control plane need not send aliases.
    private bool IsKnownAddress(string name) => NetworkAddress.TryParse(name, out NetworkAddress address)
        && (_state.Current.FindWorkload(address) is not null || _state.Current.FindService(address, clientNamespace: null) is not null);

    private void Wake(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            _waiters.Wake(name);
        }
    }
}
