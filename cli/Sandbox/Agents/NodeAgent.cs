using System.Diagnostics;
using Ambient.Linux;
using Ambient.Linux.Polling;
using Ambient.Linux.Sockets;

namespace Ambient.Cli.Sandbox.Agents;

/// <summary>
/// The node agent's side of ZDS (cni-and-redirection.md 4.7): tells every ztunnel that connects which pods there are and passes
/// their network namespaces. Additions go to the newest connection, removals to all. Thread-safe.
/// </summary>
internal sealed class NodeAgent : IDisposable
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly PacketSocket _listener;
    private readonly Waker _stop = new();
    private readonly Thread _accepting;
    private readonly Dictionary<string, AgentPod> _pods = new(StringComparer.Ordinal);
    private readonly HashSet<string> _acknowledged = new(StringComparer.Ordinal);
    private readonly List<AgentConnection> _connections = [];
    private volatile bool _stopping;
    private volatile string? _lastError;
    private int _snapshots;

    /// <summary>Listens on the path. Throws <see cref="LinuxException"/>.</summary>
    public NodeAgent(string path)
    {
        Path = path;
        _listener = PacketSocket.Listen(path, 4);
        _accepting = new Thread(Accept) { IsBackground = true, Name = "zds accept" };
        _accepting.Start();
    }

    /// <summary>The socket's path.</summary>
    public string Path { get; }

    /// <summary>How many times a ztunnel has taken the whole list of pods.</summary>
    public int Snapshots => Volatile.Read(ref _snapshots);

    /// <summary>How many ztunnels are connected.</summary>
    public int Connected
    {
        get
        {
            lock (_gate)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>Adds a pod and waits until a ztunnel serves it. Throws <see cref="TimeoutException"/>.</summary>
    public async Task AddAsync(AgentPod pod, TimeSpan deadline)
    {
        lock (_gate)
        {
            _pods[pod.Uid] = pod;
            _acknowledged.Remove(pod.Uid);
            if (_connections.Count > 0)
            {
                _connections[^1].Enqueue(AgentMessage.Add(pod));
            }
        }

        long started = Stopwatch.GetTimestamp();
        while (!IsAcknowledged(pod.Uid))
        {
            if (Stopwatch.GetElapsedTime(started) > deadline)
            {
                throw new TimeoutException($"ztunnel did not take pod {pod.Name} within {deadline.TotalSeconds:0} s" + (_lastError is null ? "" : ": " + _lastError));
            }

            await Task.Delay(PollEvery, TimeProvider.System);
        }
    }

    /// <summary>Adds a pod to what the next ztunnel is told, without waiting.</summary>
    public void Know(AgentPod pod)
    {
        lock (_gate)
        {
            _pods[pod.Uid] = pod;
        }
    }

    /// <summary>Removes a pod; ztunnels are told at once.</summary>
    public void Remove(string uid)
    {
        lock (_gate)
        {
            _pods.Remove(uid);
            _acknowledged.Remove(uid);
            foreach (AgentConnection connection in _connections)
            {
                connection.Enqueue(AgentMessage.Delete(uid));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _stop.Signal();
        _accepting.Join();
        AgentConnection[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
        }

        foreach (AgentConnection connection in connections)
        {
            connection.Dispose();
        }

        _listener.Dispose();
        File.Delete(Path);
        _stop.Dispose();
    }

    /// <summary>Called by a connection whose ztunnel has said hello: registers it and gives it the pods.</summary>
    internal IReadOnlyList<AgentMessage> Register(AgentConnection connection)
    {
        lock (_gate)
        {
            _connections.Add(connection);
            return [.. _pods.Values.Select(AgentMessage.Add), AgentMessage.SnapshotSent()];
        }
    }

    internal void OnSnapshotTaken() => Interlocked.Increment(ref _snapshots);

    internal void OnAnswer(AgentMessage message, string error)
    {
        if (error.Length > 0)
        {
            _lastError = error;
        }
        else if (message.Uid is not null)
        {
            lock (_gate)
            {
                _acknowledged.Add(message.Uid);
            }
        }
    }

    internal void OnEnded(AgentConnection connection)
    {
        lock (_gate)
        {
            // Without a ztunnel no pod is served; the next one acknowledges them anew.
            if (_connections.Remove(connection) && _connections.Count == 0)
            {
                _acknowledged.Clear();
            }
        }
    }

    private bool IsAcknowledged(string uid)
    {
        lock (_gate)
        {
            return _acknowledged.Contains(uid);
        }
    }

    private void Accept()
    {
        while (!_stopping)
        {
            if (_listener.WaitReadable(_stop, -1) && !_stopping
                && !_listener.TryAccept(out PacketSocket? socket).IsError && socket is not null)
            {
                new AgentConnection(this, socket).Start();
            }
        }
    }
}
