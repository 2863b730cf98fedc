namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>
/// Which services of the mesh claim a host name, so that one of them is canonical: the own cluster's if it has one, so that nobody in another cluster can take
/// over a name of ours; else the first of the other clusters'. Used under the merge's lock.
/// </summary>
/// <param name="domain">The domain of Kubernetes Services.</param>
internal sealed class HostClaims(string domain)
{
    private readonly string _suffix = ".svc." + domain;
    private readonly Dictionary<string, string> _ownCanonical = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _remote = new(StringComparer.Ordinal);

    /// <summary>How many hosts of other clusters are known.</summary>
    internal int Count => _remote.Count;

    /// <summary>What the own cluster says of a service; the names of other clusters' that are to be looked at again.</summary>
    internal IEnumerable<string> SetOwn(string name, bool isCanonical)
    {
        string host = Host(name);
        if (isCanonical)
        {
            _ownCanonical[host] = name;
        }
        else if (_ownCanonical.GetValueOrDefault(host) == name)
        {
            _ownCanonical.Remove(host);
        }

        return _remote.GetValueOrDefault(host) ?? [];
    }

    /// <summary>Whether any other cluster has a service of the name; the names that are to be looked at again.</summary>
    internal IEnumerable<string> SetRemote(string name, bool isThere)
    {
        string host = Host(name);
        SortedSet<string> names = _remote.GetValueOrDefault(host) ?? new SortedSet<string>(StringComparer.Ordinal);
        _ = isThere ? names.Add(name) : names.Remove(name);
        if (names.Count == 0)
        {
            _remote.Remove(host);
        }
        else
        {
            _remote[host] = names;
        }

        return names;
    }

    /// <summary>Whether a service that only other clusters have is the canonical one of its host.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="remotes">The other clusters, in the order of their names.</param>
    /// <param name="isOwn">Whether the own cluster has a service of a name.</param>
    internal bool IsCanonical(string name, IEnumerable<RemoteCluster> remotes, Func<string, bool> isOwn)
    {
        string host = Host(name);
        if (_ownCanonical.ContainsKey(host) || !_remote.TryGetValue(host, out SortedSet<string>? names))
        {
            return false;
        }

        return remotes.SelectMany(remote => names.Where(candidate => !isOwn(candidate) && remote.Services.TryGetValue(candidate, out ServiceClaim? claim) && MayBe(claim))).FirstOrDefault() == name;
    }

    /// <summary>A name of the cluster's domain belongs to the Service that it spells, whether that is there or not; no ServiceEntry elsewhere gets it.</summary>
    private bool MayBe(ServiceClaim claim)
    {
        string host = claim.Message.Hostname;
        return claim.IsGlobal && claim.Message.Canonical
            && (!host.EndsWith(_suffix, StringComparison.Ordinal) || host == $"{claim.Message.Name}.{claim.Message.Namespace}{_suffix}");
    }

    /// <summary>The names of services are <c>namespace/host</c>.</summary>
    private static string Host(string name) => name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..];
}
