using Ambient.Cli.Sources;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cli.Meshes;

/// <summary>Reads the facts of a cluster. Used once.</summary>
internal sealed class FactsReader(ClusterAccess cluster, string systemNamespace)
{
    private static readonly ResourceType[] Kinds =
    [
        KnownResources.AuthorizationPolicies, KnownResources.PeerAuthentications, KnownResources.RequestAuthentications, KnownResources.ServiceEntries, KnownResources.WorkloadEntries,
        KnownResources.VirtualServices, KnownResources.IstioGateways, KnownResources.DestinationRules, KnownResources.Telemetries, KnownResources.GatewayClasses, KnownResources.Gateways,
        KnownResources.LocalRateLimits,
    ];

    private readonly List<string> _unreadable = [];

    /// <summary>The facts; null, with the reason, when the API server does not answer.</summary>
    public async Task<(MeshFacts? Facts, string? Error)> ReadAsync(CancellationToken cancellation)
    {
        ApiResult<ServerVersion> version = await cluster.Api.VersionAsync(cancellation);
        if (!version.IsOk(out ServerVersion? known, out ApiError? error))
        {
            return (null, $"the API server {cluster.Server} does not answer: {error}");
        }

        List<string> missing = [];
        foreach (ResourceType kind in Kinds)
        {
            if ((await cluster.Api.Discovery.VersionOfAsync(kind, cancellation)).Error is { IsNotFound: true })
            {
                missing.Add(kind.FullName);
            }
        }

        // Each revision has one of its own name.
        string[] services = [.. (await AllAsync(KnownResources.Services, new ResourceScope(systemNamespace, "app=istiod"), cancellation)).Where(static s => s.Spec.Ports.Any(static p => p.Port == 15012)).Select(static s => s.Metadata.Name)];
        bool hasGateways = !missing.Contains(KnownResources.Gateways.FullName);
        var facts = new MeshFacts
        {
            Server = cluster.Server.ToString(),
            Version = known.GitVersion,
            SystemNamespace = systemNamespace,
            Nodes = [.. (await AllAsync(KnownResources.Nodes, ResourceScope.All, cancellation)).Where(static n => n.Metadata.Labels.Find("kubernetes.io/os") is null or "linux")],
            Namespaces = await AllAsync(KnownResources.Namespaces, ResourceScope.All, cancellation),
            Pods = await AllAsync(KnownResources.Pods, ResourceScope.All, cancellation),
            Gateways = hasGateways ? await AllAsync(KnownResources.Gateways, ResourceScope.All, cancellation) : null,
            ControlPlaneServices = services,
            ControlPlaneSlices = services.Length == 0 ? [] : await AllAsync(KnownResources.EndpointSlices, new ResourceScope(systemNamespace, $"{MeshFacts.ServiceLabel} in ({string.Join(',', services)})"), cancellation),
            RootNamespaces = (await AllAsync<ConfigMap>(KnownResources.ConfigMaps, new ResourceScope(Fields: "metadata.name=istio-ca-root-cert"), cancellation)).Select(static m => m.Metadata.Namespace).ToHashSet(StringComparer.Ordinal),
            MissingKinds = missing,
            Unreadable = _unreadable,
        };
        return (facts with { Clusters = await ClustersAsync(facts, cancellation), Replicas = await ReplicasAsync(facts, cancellation) }, null);
    }

    /// <summary>Who may not reach into pods learns nothing about other clusters, and that is no fault of the mesh.</summary>
    private async Task<IReadOnlyList<FollowedCluster>> ClustersAsync(MeshFacts facts, CancellationToken cancellation) =>
        facts.Components("app", "istiod").FirstOrDefault(MeshFacts.IsReady) is { } replica && await PageAsync(replica, "/debug/clusterz", cancellation) is { } page ? FollowedCluster.Read(page) : [];

    /// <summary>Each proxy is served by one replica, so all are asked.</summary>
    private async Task<IReadOnlyList<ReplicaClients>> ReplicasAsync(MeshFacts facts, CancellationToken cancellation)
    {
        List<ReplicaClients> replicas = [];
        foreach (Pod replica in facts.Components("app", "istiod").Where(MeshFacts.IsReady))
        {
            if (await PageAsync(replica, "/debug/syncz", cancellation) is { } page && ReplicaClients.Read(replica.Metadata.Name, page) is { } clients)
            {
                replicas.Add(clients);
            }
        }

        return replicas;
    }

    private async Task<byte[]?> PageAsync(Pod replica, string path, CancellationToken cancellation)
    {
        using var port = new AdminPort(
            replica.Metadata.Name,
            new Uri($"http://127.0.0.1:{ObjectStatuses.MetricsPort}"),
            stop => cluster.Forward.ConnectAsync(replica.Metadata.Namespace, replica.Metadata.Name, ObjectStatuses.MetricsPort, stop));
        (byte[]? page, _) = await port.GetAsync(path, cancellation);
        return page;
    }

    private async Task<IReadOnlyList<T>> AllAsync<T>(ResourceType<T> type, ResourceScope scope, CancellationToken cancellation)
        where T : Resource
    {
        List<T> all = [];
        string? next = null;
        do
        {
            ApiResult<ListPage<T>> listed = await cluster.Api.ListAsync(type, scope, cancellation, continueAt: next);
            if (!listed.IsOk(out ListPage<T>? page, out ApiError? error))
            {
                _unreadable.Add($"{type.Kind}: {error}");
                return all;
            }

            all.AddRange(page.Items);
            next = page.Continue;
        }
        while (next is { Length: > 0 });
        return all;
    }
}
