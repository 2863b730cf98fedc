using Ambient.EventLoop;
using Ambient.Mesh.Connections;
using Ambient.Ztunnel.Dns.Serving;
using Ambient.Ztunnel.Observation;
using Ambient.Ztunnel.Pods;

namespace Ambient.Ztunnel.Proxying;

/// <summary>The proxy of one pod over all loops. Thread-safe; every loop-affine part is reached by posting to its loop.</summary>
internal sealed class PodProxy : IPodProxy, IConnectionLister
{
    private readonly ProxyContext _context;
    private readonly PodLoop[] _loops;
    private readonly DnsServer? _dns;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<PodProxy> _ended;
    private int _draining;
    private int _left;

    public PodProxy(ProxyContext context, PodLoop[] loops, DnsServer? dns, Action<PodProxy> ended)
    {
        _context = context;
        _loops = loops;
        _dns = dns;
        _ended = ended;
    }

    /// <inheritdoc/>
    public Task Completion => _completion.Task;

    /// <inheritdoc/>
    public int ConnectionCount => _loops.Sum(l => l.Connections.Count);

    /// <summary>Serves the sockets, one set per loop. From before this on the proxy must hear of changes, or a connection escapes one.</summary>
    public void Serve(IReadOnlyList<PodSockets> sockets)
    {
        for (int i = 0; i < _loops.Length; i++)
        {
            PodLoop pod = _loops[i];
            PodSockets own = sockets[i];
            pod.Loop.Post(_ => pod.Serve(own, _dns), null);
        }

        _dns?.Serve();
    }

    /// <summary>The model changed.</summary>
    public void OnViewChanged(bool judge)
    {
        foreach (PodLoop pod in _loops)
        {
            pod.Loop.Post(_ => pod.OnViewChanged(judge), null);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyCollection<ConnectionRow>> ListConnectionsAsync(TimeSpan limit, CancellationToken cancellationToken) =>
        ConnectionListing.CollectAsync([.. _loops.Select(l => (l.Loop, l.Connections))], limit, cancellationToken);

    /// <inheritdoc/>
    public void StopNow()
    {
        foreach (PodLoop pod in _loops)
        {
            OnLoop(pod, () => pod.Stop(CloseReason.PodRemoved, "connection closed: the pod was removed"));
        }

        _dns?.StopNow();
        End();
    }

    /// <inheritdoc/>
    public int ElderCount => _loops.Sum(l => l.Connections.Elders);

    /// <inheritdoc/>
    public void BeginSuccession()
    {
        foreach (PodLoop pod in _loops)
        {
            OnLoop(pod, pod.Connections.MarkElders);
        }
    }

    /// <inheritdoc/>
    public void Drain()
    {
        if (Interlocked.Exchange(ref _draining, 1) != 0)
        {
            return;
        }

        // One for this method, so that a proxy of DNS alone ends, too.
        _left = _loops.Length + 1;
        _dns?.Drain();
        foreach (PodLoop pod in _loops)
        {
            pod.Loop.Post(
                _ =>
                {
                    DrainLimit limit = new(pod);
                    pod.Loop.Timers.Schedule(limit, pod.Loop.NowMilliseconds + (long)_context.Options.DrainTime.TotalMilliseconds);
                    pod.Drain(() =>
                    {
                        pod.Loop.Timers.Cancel(limit);
                        OnLoopDrained();
                    });
                },
                null);
        }

        OnLoopDrained();
    }

    /// <inheritdoc/>
    public void EndDrain()
    {
        if (Volatile.Read(ref _draining) == 0)
        {
            return;
        }

        foreach (PodLoop pod in _loops)
        {
            pod.Loop.Post(_ => EndDrain(pod), null);
        }
    }

    private static void EndDrain(PodLoop pod)
    {
        pod.Stop(CloseReason.Drained, "connection closed due to connection drain");
        pod.CheckDrained();
    }

    // The caller is a control thread: it waits for the loop, which never waits for it.
    private static void OnLoop(PodLoop pod, Action action)
    {
        if (pod.Loop.IsCurrent)
        {
            action();
            return;
        }

        // Not disposed of: a loop that is late still sets it.
        ManualResetEventSlim done = new();
        pod.Loop.Post(
            _ =>
            {
                try
                {
                    action();
                }
                finally
                {
                    done.Set();
                }
            },
            null);
        done.Wait(TimeSpan.FromSeconds(10));
    }

    private void OnLoopDrained()
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            End();
        }
    }

    private void End()
    {
        _ended(this);
        _completion.TrySetResult();
    }

    /// <summary>What is left when the drain time is over is cut.</summary>
    private sealed class DrainLimit(PodLoop pod) : LoopTimer
    {
        protected override void OnTimer() => EndDrain(pod);
    }
}
