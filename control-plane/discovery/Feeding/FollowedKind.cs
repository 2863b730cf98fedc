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
        // What the cache has and was not told yet is told twice, which changes nothing.
        foreach (T each in cache.All.Where(each => isOther(each.Metadata.Namespace)).ToArray())
        {
            set(each.Key, selection.Contains(each.Metadata.Namespace) ? each : null);
        }

        foreach ((ResourceKey key, ReadProblem problem) in cache.Refused.Where(each => isOther(each.Key.Namespace)))
        {
            if (selection.Contains(key.Namespace))
            {
                refuse(key, cache.Find(key) is not null, problem);
            }
            else
            {
                set(key, null);
            }
        }
    }

    private void Tell(ResourceChange<T> change)
    {
        if (change.Kind is ResourceChangeKind.Synced)
        {
            return;
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
