using System.Text.Json;
using Ambient.Linux.Namespaces;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Pods;

/// <summary>
/// Which pods have a proxy, which wait for one, and what the current conversation with the agent has named (ztunnel.md 8.3,
/// 8.4, 8.6). Thread-safe; no I/O but the factory's.
/// </summary>
/// <remarks>
/// Per connection: naming → (snapshot_sent) → settled. Running proxies survive a lost connection; what the new one does not
/// name by its snapshot is stopped then. Proxies are started and stopped under the lock, because their order per pod is the
/// point: two listener sets of one pod must never fight for the ports.
/// </remarks>
public sealed class PodTable
{
    private readonly Lock _lock = new();
    private readonly IPodProxyFactory _factory;
    private readonly PodMetrics _metrics;
    private readonly Logger _log;
    private readonly IPodWatcher? _watcher;
    private readonly Dictionary<string, Running> _running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);
    private bool _settled;
    private bool _closed;

    /// <summary>Makes an empty table.</summary>
    public PodTable(IPodProxyFactory factory, PodMetrics metrics, Logger log, IPodWatcher? watcher = null) => (_factory, _metrics, _log, _watcher) = (factory, metrics, log, watcher);

    /// <summary>The snapshot of the current connection is complete and no pod waits.</summary>
    public bool IsReady
    {
        get
        {
            lock (_lock)
            {
                return _settled && _waiting.Count == 0;
            }
        }
    }

    /// <summary>Whether a retry is due some time.</summary>
    public bool HasWaiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>Proxies that run.</summary>
    public int RunningCount
    {
        get
        {
            lock (_lock)
            {
                return _running.Count;
            }
        }
    }

    /// <summary>A new conversation begins: names and waiting pods are told anew, running proxies stay.</summary>
    public void BeginConversation()
    {
        lock (_lock)
        {
            _settled = false;
            _named.Clear();
            foreach (Waiting waiting in _waiting.Values)
            {
                waiting.Pod.Network?.Dispose();
                _watcher?.OnPodGone(waiting.Pod);
            }

            _waiting.Clear();
            Publish();
        }
    }

    /// <summary>The connection is lost: not ready until the next snapshot.</summary>
    public void EndConversation()
    {
        lock (_lock)
        {
            _settled = false;
        }
    }

    /// <summary>Takes one message. Owns <paramref name="network"/> from here on, whatever happens.</summary>
    public ZdsOutcome Apply(ZdsMessage message, NetworkNamespace? network)
    {
        lock (_lock)
        {
            ZdsOutcome outcome = message switch
            {
                ZdsMessage.Add add => OnAdd(add, network),
                ZdsMessage.Keep keep => OnKeep(keep),
                ZdsMessage.Delete delete => OnDelete(delete),
                ZdsMessage.SnapshotSent => OnSnapshot(),
                ZdsMessage.Leads => ZdsOutcome.Success,
                _ => ZdsOutcome.Violation("unknown message"),
            };
            Publish();
            return outcome;
        }
    }

    /// <summary>Tries every waiting pod once more.</summary>
    public void Retry()
    {
        lock (_lock)
        {
            foreach (Waiting waiting in _waiting.Values.ToArray())
            {
                if (TryStart(waiting.Pod) is null)
                {
                    _log.Info("pod proxy started after a retry", LogField.Of("uid", waiting.Pod.Uid));
                }
            }

            Publish();
        }
    }

    /// <summary>All pods, as they are now.</summary>
    public IReadOnlyList<PodState> Snapshot()
    {
        lock (_lock)
        {
            return [.. _running.Values.Select(r => new PodState(r.Pod, r.Proxy, null)), .. _waiting.Values.Select(w => new PodState(w.Pod, null, w.Error))];
        }
    }

    /// <summary>
    /// Writes the <c>workloadState</c> object of the configuration dump (ztunnel.md 10.7); <paramref name="writeConnections"/>
    /// may add properties to a running pod.
    /// </summary>
    public void WriteTo(Utf8JsonWriter writer, Action<Utf8JsonWriter, IPodProxy>? writeConnections = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        foreach (PodState pod in Snapshot())
        {
            writer.WriteStartObject(pod.Pod.Uid);
            if (pod.Proxy is not null)
            {
                writeConnections?.Invoke(writer, pod.Proxy);
            }

            writer.WriteStartObject("info");
            writer.WriteString("name", pod.Pod.Name);
            writer.WriteString("namespace", pod.Pod.Namespace);
            writer.WriteString("serviceAccount", pod.Pod.ServiceAccount);
            writer.WriteEndObject();
            writer.WriteString("state", pod.Phase);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <summary>Connections that were open at <see cref="BeginSuccession"/> and still are.</summary>
    public int ElderCount
    {
        get
        {
            lock (_lock)
            {
                return _running.Values.Sum(static r => r.Proxy.ElderCount);
            }
        }
    }

    /// <summary>Shutdown, before step 1: all goes on, but from here on it is known who was there before.</summary>
    public void BeginSuccession()
    {
        lock (_lock)
        {
            foreach (Running running in _running.Values)
            {
                running.Proxy.BeginSuccession();
            }
        }
    }

    /// <summary>Shutdown, step 1: every proxy drains. Completes when all have ended; nothing is started any more.</summary>
    public Task DrainAsync()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (Running running in _running.Values)
            {
                running.Proxy.Drain();
            }

            return Task.WhenAll(_running.Values.Select(r => r.Proxy.Completion));
        }
    }

    /// <summary>No more patience with what <see cref="DrainAsync"/> waits for.</summary>
    public void EndDrain()
    {
        lock (_lock)
        {
            foreach (Running running in _running.Values)
            {
                running.Proxy.EndDrain();
            }
        }
    }

    /// <summary>Shutdown, step 2: what is left is cut.</summary>
    public void StopAllNow()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (string uid in _running.Keys.ToArray())
            {
                Stop(uid, "the process ends");
            }

            Publish();
        }
    }

    private ZdsOutcome OnAdd(ZdsMessage.Add add, NetworkNamespace? network)
    {
        if (network is null)
        {
            return ZdsOutcome.Violation("add without a network namespace");
        }

        if (add.Info is not { } info)
        {
            network.Dispose();
            return ZdsOutcome.Violation("add without workload_info");
        }

        if (!_settled)
        {
            _named.Add(add.Uid);
        }

        if (_running.TryGetValue(add.Uid, out Running? running))
        {
            if (running.Pod.Network!.IsSameAs(network) && running.Pod.Mark == add.Mark)
            {
                network.Dispose();
                return ZdsOutcome.Success;
            }

            Stop(add.Uid, running.Pod.Network!.IsSameAs(network) ? "its packet mark was replaced" : "its network namespace was replaced");
        }

        Forget(add.Uid);
        var pod = new PodSpec(add.Uid, info.Name, info.Namespace, info.ServiceAccount, network) { Mark = add.Mark };
        if (!_closed)
        {
            // First of all: what it leads to takes longer than opening the listeners.
            _watcher?.OnPodNamed(pod);
        }

        return TryStart(pod) is { } error ? ZdsOutcome.Failed("failure to start proxy : " + error) : ZdsOutcome.Success;
    }

    private ZdsOutcome OnKeep(ZdsMessage.Keep keep)
    {
        if (_settled)
        {
            return ZdsOutcome.Violation("keep after the snapshot");
        }

        _named.Add(keep.Uid);
        return ZdsOutcome.Success;
    }

    private ZdsOutcome OnDelete(ZdsMessage.Delete delete)
    {
        Forget(delete.Uid);
        if (_settled)
        {
            Stop(delete.Uid, "the pod was deleted");
        }
        else
        {
            // Reconciliation at the snapshot stops it.
            _named.Remove(delete.Uid);
        }

        return ZdsOutcome.Success;
    }

    private ZdsOutcome OnSnapshot()
    {
        if (_settled)
        {
            return ZdsOutcome.Violation("a second snapshot on one connection");
        }

        _settled = true;
        foreach (string uid in _running.Keys.Where(uid => !_named.Contains(uid)).ToArray())
        {
            Stop(uid, "the agent's snapshot does not name it");
        }

        _named.Clear();
        _log.Info("snapshot of pods received", LogField.Of("running", _running.Count), LogField.Of("waiting", _waiting.Count));
        return ZdsOutcome.Success;
    }

    /// <summary>Starts the pod's proxy; on failure the pod waits, and the error is returned.</summary>
    private string? TryStart(PodSpec pod)
    {
        if (_closed)
        {
            pod.Network?.Dispose();
            return "the process is shutting down";
        }

        try
        {
            IPodProxy proxy = _factory.Start(pod);
            _waiting.Remove(pod.Uid);
            _running[pod.Uid] = new Running(pod, proxy);
            _metrics.Started.Increment();
            return null;
        }
        catch (Exception e)
        {
            if (!_waiting.TryGetValue(pod.Uid, out Waiting? before) || before.Error != e.Message)
            {
                _log.Warn("pod proxy failed to start, will be retried", LogField.Of("uid", pod.Uid), LogField.Of("name", pod.Name), LogField.Of("namespace", pod.Namespace), LogField.Of("error", e.Message));
            }

            _waiting[pod.Uid] = new Waiting(pod, e.Message);
            return e.Message;
        }
    }

    private void Stop(string uid, string reason)
    {
        if (!_running.Remove(uid, out Running? running))
        {
            return;
        }

        _log.Info("pod proxy stopped", LogField.Of("uid", uid), LogField.Of("name", running.Pod.Name), LogField.Of("namespace", running.Pod.Namespace), LogField.Of("reason", reason));
        try
        {
            running.Proxy.StopNow();
        }
        catch (Exception e)
        {
            _log.Error("pod proxy did not stop cleanly", LogField.Of("uid", uid), LogField.Of("error", e.Message));
        }

        _metrics.Stopped.Increment();
        _watcher?.OnPodGone(running.Pod);

        // Its sockets may outlive this call; the descriptor is not needed for closing them, but for opening some on the way out.
        _ = running.Proxy.Completion.ContinueWith(
            static (_, state) => ((NetworkNamespace?)state)?.Dispose(),
            running.Pod.Network,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private void Forget(string uid)
    {
        if (_waiting.Remove(uid, out Waiting? waiting))
        {
            waiting.Pod.Network?.Dispose();
            _watcher?.OnPodGone(waiting.Pod);
        }
    }

    private void Publish()
    {
        _metrics.Active.Set(_running.Count);
        _metrics.Pending.Set(_waiting.Count);
    }

    private sealed record Running(PodSpec Pod, IPodProxy Proxy);

    private sealed record Waiting(PodSpec Pod, string Error);
}
