namespace Ambient.Xds.Client;

/// <summary>Who waits for which name. Thread-safe; callbacks run outside of the lock.</summary>
internal sealed class OnDemandWaiters
{
    /// <summary>The most names that are waited for.</summary>
    internal const int MaxNames = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<TaskCompletionSource<bool>>> _waiters = new(StringComparer.Ordinal);

    /// <summary>Names that are waited for now.</summary>
    internal IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate)
            {
                return [.. _waiters.Keys];
            }
        }
    }

    /// <summary>Adds a waiter; null when too many names are waited for.</summary>
    internal TaskCompletionSource<bool>? Add(string name, out bool isFirst)
    {
        var waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            isFirst = !_waiters.TryGetValue(name, out List<TaskCompletionSource<bool>>? all);
            if (isFirst)
            {
                if (_waiters.Count >= MaxNames)
                {
                    return null;
                }

                _waiters.Add(name, all = []);
            }

            all!.Add(waiter);
            return waiter;
        }
    }

    /// <summary>Takes a waiter back that will not wait any longer.</summary>
    internal void Remove(string name, TaskCompletionSource<bool> waiter)
    {
        lock (_gate)
        {
            if (_waiters.TryGetValue(name, out List<TaskCompletionSource<bool>>? all) && all.Remove(waiter) && all.Count == 0)
            {
                _waiters.Remove(name);
            }
        }
    }

    /// <summary>The name was updated or removed: everyone who waits for it goes on.</summary>
    internal void Wake(string name)
    {
        List<TaskCompletionSource<bool>>? all;
        lock (_gate)
        {
            _waiters.Remove(name, out all);
        }

        foreach (TaskCompletionSource<bool> waiter in all ?? [])
        {
            waiter.TrySetResult(true);
        }
    }
}
