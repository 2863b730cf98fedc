using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Selection;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Watching;

namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>
/// A kind of objects, of which only those of selected namespaces are told of. All are held, so that a namespace that becomes selected need not be listed anew.
/// Whatever is told, is told under the feed's lock. Thread-safe.
/// </summary>
/// <param name="cache">All objects of the kind.</param>
/// <param name="selection">Which namespaces count.</param>
/// <param name="gate">The feed's lock.</param>
/// <param name="set">Told an object as it is now, or that it is gone.</param>
/// <param name="refuse">Told of an object that cannot be read, and whether an earlier version could.</param>
internal sealed class FollowedKind<T>(ResourceCache<T> cache, NamespaceSelection selection, Lock gate, Action<ResourceKey, T?> set, Action<ResourceKey, bool, ReadProblem> refuse) : IFollowedKind
    where T : Resource
{
    // All keys by namespace, so that one is taken or left without a walk over the others.
    private readonly Dictionary<string, HashSet<ResourceKey>> _heard = new(StringComparer.Ordinal);

    /// <summary>Follows the source until cancelled.</summary>
    /// <param name="before">Called before each change, without the lock.</param>
    /// <param name="after">Called after each change, without the lock.</param>
    /// <param name="cancellation">The end.</param>
    internal Task RunAsync(Action<ResourceChange<T>> before, Action<ResourceChange<T>> after, CancellationToken cancellation) => cache.RunAsync(
        change =>
        {
            before(change);
            lock (gate)
            {
                Tell(change);
            }

            after(change);
            return ValueTask.CompletedTask;
        },
        cancellation);

    /// <inheritdoc/>
    public void Reselect(Func<string, bool> isOther)
    {
        foreach (string name in _heard.Keys.Where(isOther))
        {
            Reselect(name);
        }
    }

    /// <inheritdoc/>
    public void Reselect(string name)
    {
        bool isSelected = selection.Contains(name);
        foreach (ResourceKey key in _heard.TryGetValue(name, out HashSet<ResourceKey>? keys) ? keys : [])
        {
            // The cache may be ahead of what was told; what comes twice changes nothing.
            T? known = cache.Find(key);
            set(key, isSelected ? known : null);
            if (isSelected && cache.ProblemOf(key) is { } problem)
            {
                refuse(key, known is not null, problem);
            }
        }
    }

    private void Tell(ResourceChange<T> change)
    {
        if (change.Kind is ResourceChangeKind.Synced)
        {
            return;
        }

        if (change.Kind is ResourceChangeKind.Deleted)
        {
            LabelIndex.Drop(_heard, change.Key.Namespace, change.Key);
        }
        else
        {
            LabelIndex.Add(_heard, change.Key.Namespace, change.Key);
        }

        bool isSelected = selection.Contains(change.Key.Namespace);
        if (change.Kind is ResourceChangeKind.Refused)
        {
            if (isSelected)
            {
                refuse(change.Key, change.New is not null, change.Problem!);
            }
        }
        else if (isSelected || change.New is null)
        {
            // What is gone is gone, whoever was told that it was there.
            set(change.Key, change.New);
        }
    }
}
