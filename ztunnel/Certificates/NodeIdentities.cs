using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ambient.Identity.Renewal;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Views;
using Ambient.Ztunnel.Pods;

namespace Ambient.Ztunnel.Certificates;

/// <summary>
/// Which identities this node needs certificates for: those of the workloads that discovery tells, and earlier those of the pods that the node agent names
/// (ztunnel reference section 6.4). Thread-safe.
/// </summary>
/// <remarks>
/// Discovery tells a pod only when its address and its capture are written into the cluster, up to a second after it exists. The agent knows its account from
/// the first moment, and all but the trust domain of its identity with it; that is the one which other workloads of the cluster have.
/// A certificate is forgotten when neither knows anybody of its identity any more.
/// </remarks>
internal sealed class NodeIdentities : IPodWatcher, IDisposable
{
    private readonly Lock _gate = new();
    private readonly MeshState _mesh;
    private readonly CertificateStore _store;
    private readonly string _cluster;
    private readonly HashSet<SpiffeId> _told = [];
    private readonly Dictionary<string, Account> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<Account, (int Pods, SpiffeId Expected)> _accounts = [];
    private string _trustDomain;
    private bool _isDomainKnown;

    /// <summary>Follows the state from now on.</summary>
    /// <param name="mesh">What discovery tells.</param>
    /// <param name="store">What asks.</param>
    /// <param name="cluster">The own cluster.</param>
    /// <param name="trustDomain">Whose the identities are while no workload of the cluster tells it.</param>
    internal NodeIdentities(MeshState mesh, CertificateStore store, string cluster, string trustDomain)
    {
        (_mesh, _store, _cluster, _trustDomain) = (mesh, store, cluster, trustDomain);
        mesh.Changed += Follow;
    }

    /// <inheritdoc/>
    public void OnPodNamed(PodSpec pod)
    {
        if (string.IsNullOrEmpty(pod.Namespace) || string.IsNullOrEmpty(pod.ServiceAccount))
        {
            return;
        }

        var account = new Account(pod.Namespace, pod.ServiceAccount);
        lock (_gate)
        {
            if (_pods.TryGetValue(pod.Uid, out Account before))
            {
                if (before == account)
                {
                    return;
                }

                Leave(before);
            }

            _pods[pod.Uid] = account;
            ref (int Pods, SpiffeId Expected) entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_accounts, account, out bool isThere);
            entry.Expected = isThere ? entry.Expected : new SpiffeId(TrustDomain(), account.Namespace, account.Name);
            entry.Pods++;
            _store.Expect(entry.Expected);
        }
    }

    /// <inheritdoc/>
    public void OnPodGone(PodSpec pod)
    {
        lock (_gate)
        {
            if (_pods.Remove(pod.Uid, out Account account))
            {
                Leave(account);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _mesh.Changed -= Follow;

    private void Follow(MeshView view, ChangeSummary summary)
    {
        lock (_gate)
        {
            foreach (SpiffeId identity in summary.LocalIdentitiesRemoved)
            {
                _told.Remove(identity);
                if (!IsExpected(identity))
                {
                    _store.Forget(identity);
                }
            }

            foreach (SpiffeId identity in summary.LocalIdentitiesAdded)
            {
                _told.Add(identity);
                Correct(identity);
                _store.Prefetch(identity);
            }
        }
    }

    private void Leave(Account account)
    {
        (int pods, SpiffeId expected) = _accounts[account];
        if (pods > 1)
        {
            _accounts[account] = (pods - 1, expected);
            return;
        }

        _accounts.Remove(account);
        if (!_told.Contains(expected))
        {
            _store.Forget(expected);
        }
    }

    private bool IsExpected(SpiffeId identity) =>
        _accounts.TryGetValue(new Account(identity.Namespace, identity.ServiceAccount), out (int Pods, SpiffeId Expected) entry) && entry.Expected == identity;

    /// <summary>Discovery knows the trust domain, where it was only taken to be another.</summary>
    private void Correct(SpiffeId identity)
    {
        (_trustDomain, _isDomainKnown) = (identity.TrustDomain, true);
        ref (int Pods, SpiffeId Expected) entry = ref CollectionsMarshal.GetValueRefOrNullRef(_accounts, new Account(identity.Namespace, identity.ServiceAccount));
        if (Unsafe.IsNullRef(ref entry) || entry.Expected == identity)
        {
            return;
        }

        if (!_told.Contains(entry.Expected))
        {
            _store.Forget(entry.Expected);
        }

        entry.Expected = identity;
    }

    private string TrustDomain()
    {
        if (!_isDomainKnown && _mesh.Current.Workloads.FirstOrDefault(workload => workload.ClusterId == _cluster) is { } neighbour)
        {
            (_trustDomain, _isDomainKnown) = (neighbour.TrustDomain, true);
        }

        return _trustDomain;
    }

    private readonly record struct Account(string Namespace, string Name);
}
