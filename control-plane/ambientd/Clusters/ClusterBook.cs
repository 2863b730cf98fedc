using System.Collections.Concurrent;
using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Authority.Nodes;

namespace Ambient.ControlPlane.Clusters;

/// <summary>
/// Which cluster answers for what the authority asks: tokens are judged by the API server of the cluster that a caller says it is of, and its pods are that cluster's.
/// A cluster that is removed answers for nothing at once. Thread-safe.
/// </summary>
internal sealed class ClusterBook(string own, ITokenReviewer tokens, PodIndex pods) : ITokenReviewer, IPodFacts
{
    private readonly ConcurrentDictionary<string, ClusterApi> _others = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ClusterApi> _expected = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public IReadOnlyList<string> Clusters => _others.IsEmpty ? tokens.Clusters : [.. tokens.Clusters, .. _others.Keys.Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public IReadOnlyList<string> Pending => [.. _expected.Keys];

    /// <summary>This connection will speak for a cluster once it knows all of it.</summary>
    public void Expect(string cluster, ClusterApi api) => _expected[cluster] = api;

    /// <summary>This connection speaks for a cluster now.</summary>
    public void Put(string cluster, ClusterApi api) => _others[cluster] = api;

    /// <summary>It does so no more; another that does stays.</summary>
    public void Drop(string cluster, ClusterApi api)
    {
        _others.TryRemove(KeyValuePair.Create(cluster, api));
        _expected.TryRemove(KeyValuePair.Create(cluster, api));
    }

    /// <inheritdoc/>
    public async ValueTask<TokenReview> ReviewAsync(string cluster, string token, CancellationToken cancellation)
    {
        if (tokens.Clusters.Contains(cluster, StringComparer.Ordinal))
        {
            return await tokens.ReviewAsync(cluster, token, cancellation);
        }

        return _others.TryGetValue(cluster, out ClusterApi? other)
            ? await other.Tokens.ReviewAsync(cluster, token, cancellation)
            : new TokenReview { Error = $"the cluster {cluster} is not part of the mesh" };
    }

    /// <inheritdoc/>
    public PodFact? Find(string cluster, string @namespace, string name) => Of(cluster)?.Find(cluster, @namespace, name);

    /// <inheritdoc/>
    public bool HasAccount(string cluster, string node, string @namespace, string serviceAccount) => Of(cluster)?.HasAccount(cluster, node, @namespace, serviceAccount) ?? false;

    /// <inheritdoc/>
    public Task<bool> WaitForAccountAsync(string cluster, string node, string @namespace, string serviceAccount, CancellationToken cancellation) =>
        Of(cluster)?.WaitForAccountAsync(cluster, node, @namespace, serviceAccount, cancellation) ?? Task.FromResult(false);

    private PodIndex? Of(string cluster) => cluster == own ? pods : _others.GetValueOrDefault(cluster)?.Pods;
}
