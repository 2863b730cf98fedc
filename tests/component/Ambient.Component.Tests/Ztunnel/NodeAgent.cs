using System.Collections.Concurrent;
using System.Globalization;
using Ambient.Cni.Agent.Zds;
using Ambient.Linux.Namespaces;
using Ambient.Telemetry.Logging;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>The node agent's ZDS server with pods that the test names.</summary>
internal sealed class NodeAgent : IDisposable, IZdsEvents
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly LogHub _log = LogHub.Discarding();
    private readonly ZdsServer _server;
    private readonly ConcurrentDictionary<string, ZdsPodState> _states = new(StringComparer.Ordinal);
    private readonly List<string> _pods = [];
    private readonly SemaphoreSlim _changed = new(0);
    private volatile int _connected;
    private bool _open;

    public NodeAgent(string path) => _server = new ZdsServer(path, new ZdsTimings { Ack = Deadline }, this, _log.For("agent"));

    /// <summary>Waits until a ztunnel is there.</summary>
    public void Accept() => Wait(() => _connected > 0, "ztunnel does not connect");

    /// <summary>Adds a pod whose workload has the pod's name; ztunnel must accept it.</summary>
    public void Add(VirtualPod pod)
    {
        // The server owns what it is given.
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{pod.Namespace.Descriptor}");
        string uid = "uid-" + pod.Name;
        _pods.Add(uid);
        _server.Upsert(new ZdsPod(uid, 1, pod.Name, "bench", pod.Name, NetworkNamespace.Open(path)));
        if (_open)
        {
            WaitServed(uid);
        }
    }

    /// <summary>Says that all pods were named.</summary>
    public void EndSnapshot()
    {
        _open = true;
        _server.OpenGate();
        _pods.ForEach(WaitServed);
    }

    /// <summary>Removes a pod.</summary>
    public void Remove(VirtualPod pod) => _server.Remove("uid-" + pod.Name);

    /// <inheritdoc/>
    public void OnPod(string uid, long generation, ZdsPodState state, string? refusal)
    {
        _states[uid] = state;
        _changed.Release();
    }

    /// <inheritdoc/>
    public void OnConnections(int connected, int settled)
    {
        _connected = connected;
        _changed.Release();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _server.Dispose();
        _log.Dispose();
    }

    private void WaitServed(string uid) => Wait(() => _states.GetValueOrDefault(uid) == ZdsPodState.Served, uid + " is not served");

    private void Wait(Func<bool> condition, string complaint)
    {
        while (!condition())
        {
            Assert.True(_changed.Wait(Deadline), complaint);
        }
    }
}
