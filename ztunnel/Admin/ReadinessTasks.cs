namespace Ambient.Ztunnel.Admin;

/// <summary>What must have happened before the process counts as ready (ztunnel.md 10.1). Thread-safe.</summary>
public sealed class ReadinessTasks
{
    /// <summary>First sync with the control plane.</summary>
    public const string StateManager = "state manager";

    /// <summary>Proxy objects are built.</summary>
    public const string Proxy = "proxy";

    /// <summary>DNS proxy objects are built.</summary>
    public const string DnsProxy = "dns proxy";

    /// <summary>Every pod of the node agent's snapshot has its proxy.</summary>
    public const string PodManager = "workload proxy manager";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Func<bool>> _tasks = new(StringComparer.Ordinal);

    /// <summary>Adds a task that is pending until it is completed.</summary>
    public void Add(string name) => Add(name, static () => false);

    /// <summary>Adds a task that is pending whenever the check says so; it may become pending again.</summary>
    public void Add(string name, Func<bool> isDone)
    {
        lock (_gate)
        {
            _tasks[name] = isDone;
        }
    }

    /// <summary>Completes a task for good.</summary>
    public void Complete(string name)
    {
        lock (_gate)
        {
            _tasks.Remove(name);
        }
    }

    /// <summary>Names of pending tasks, sorted.</summary>
    public IReadOnlyList<string> Pending()
    {
        KeyValuePair<string, Func<bool>>[] tasks;
        lock (_gate)
        {
            tasks = [.. _tasks];
        }

        return [.. tasks.Where(t => !t.Value()).Select(t => t.Key).Order(StringComparer.Ordinal)];
    }
}
