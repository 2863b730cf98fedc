using System.Runtime.InteropServices;

namespace Ambient.ControlPlane.Authority.Nodes;

/// <summary>
/// The pods by name, and how many of each account a node has; a change costs the same whatever the cluster's size. Thread-safe. How many may wait is for
/// those to limit who let them.
/// </summary>
public sealed class PodIndex : IPodFacts
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Cluster, string Namespace, string Name), PodFact> _pods = [];
    private readonly Dictionary<(string Cluster, string Node, string Namespace, string Account), int> _accounts = [];
    private readonly Dictionary<(string Cluster, string Node, string Namespace, string Account), Expected> _expected = [];

    /// <summary>Sets a pod as it is now.</summary>
    public void Set(string cluster, PodFact pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        Expected? expected = null;
        lock (_gate)
        {
            Remove((cluster, pod.Namespace, pod.Name));
            _pods[(cluster, pod.Namespace, pod.Name)] = pod;
            if (Counts(pod))
            {
                var account = (cluster, pod.Node, pod.Namespace, pod.ServiceAccount);
                CollectionsMarshal.GetValueRefOrAddDefault(_accounts, account, out _)++;
                _expected.Remove(account, out expected);
            }
        }

        expected?.There.TrySetResult();
    }

    /// <summary>Forgets a pod.</summary>
    public void Remove(string cluster, string @namespace, string name)
    {
        lock (_gate)
        {
            Remove((cluster, @namespace, name));
        }
    }

    /// <inheritdoc/>
    public PodFact? Find(string cluster, string @namespace, string name)
    {
        lock (_gate)
        {
            return _pods.GetValueOrDefault((cluster, @namespace, name));
        }
    }

    /// <inheritdoc/>
    public bool HasAccount(string cluster, string node, string @namespace, string serviceAccount)
    {
        lock (_gate)
        {
            return _accounts.ContainsKey((cluster, node, @namespace, serviceAccount));
        }
    }

    /// <inheritdoc/>
    public async Task<bool> WaitForAccountAsync(string cluster, string node, string @namespace, string serviceAccount, CancellationToken cancellation)
    {
        var account = (cluster, node, @namespace, serviceAccount);
        Expected expected;
        lock (_gate)
        {
            if (_accounts.ContainsKey(account))
            {
                return true;
            }

            expected = CollectionsMarshal.GetValueRefOrAddDefault(_expected, account, out _) ??= new Expected();
            expected.Waiting++;
        }

        try
        {
            await expected.There.Task.WaitAsync(cancellation);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            lock (_gate)
            {
                if (--expected.Waiting == 0 && _expected.GetValueOrDefault(account) == expected)
                {
                    _expected.Remove(account);
                }
            }
        }
    }

    private static bool Counts(PodFact pod) => !pod.IsFailed && pod.Node.Length > 0;

    private void Remove((string Cluster, string Namespace, string Name) key)
    {
        if (!_pods.Remove(key, out PodFact? pod) || !Counts(pod))
        {
            return;
        }

        var account = (key.Cluster, pod.Node, pod.Namespace, pod.ServiceAccount);
        ref int count = ref CollectionsMarshal.GetValueRefOrNullRef(_accounts, account);
        if (--count == 0)
        {
            _accounts.Remove(account);
        }
    }

    private sealed class Expected
    {
        public TaskCompletionSource There { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Waiting { get; set; }
    }
}
