using Ambient.Cni.Agent.Pods;

namespace Ambient.Cni.Agent.Running;

/// <summary>
/// What is done in one namespace is done one after the other, in the order in which it was asked for: a command that nobody waits for any more must not
/// come after the one that reads what it left. Others go on beside it. Thread-safe.
/// </summary>
internal sealed class NetworkTurns
{
    private readonly Lock _lock = new();
    private readonly Dictionary<NetworkIdentity, Task> _last = [];

    /// <summary>Namespaces in which something is done or waits.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _last.Count;
            }
        }
    }

    /// <summary>Does the work when its turn has come; the turn is taken before this returns.</summary>
    public async Task RunAsync(NetworkIdentity network, Func<Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task? before;
        lock (_lock)
        {
            before = _last.GetValueOrDefault(network);
            _last[network] = mine.Task;
        }

        try
        {
            if (before is not null)
            {
                await before;
            }

            await work();
        }
        finally
        {
            lock (_lock)
            {
                if (_last.GetValueOrDefault(network) == mine.Task)
                {
                    _last.Remove(network);
                }
            }

            mine.SetResult();
        }
    }
}
