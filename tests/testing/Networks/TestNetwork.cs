using Ambient.Topology.Captures;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Testing.Networks;

/// <summary>
/// A network of namespaces for one test: nodes joined by a bridge, pods on nodes, peers in pods, captures. Disposing it ends the
/// peers and removes everything; what a crashed run left is removed when the next network is made. Not thread-safe.
/// </summary>
public sealed class TestNetwork : IAsyncDisposable
{
    private const string Purpose = "ambt";

    private readonly VirtualNetwork _network = VirtualNetwork.Create(Purpose);
    private readonly List<IAsyncDisposable> _running = [];
    private int _captures;

    /// <summary>A directory for the test's files, readable by every account.</summary>
    public string Directory => _network.Run.Directory;

    /// <summary>Name of the namespace with the bridge between nodes (interface <c>bridge</c>).</summary>
    public string FabricName => _network.FabricName;

    /// <summary>The nodes in order of creation.</summary>
    public IReadOnlyList<VirtualNode> Nodes => _network.Nodes;

    /// <summary>A name for a namespace that a test makes by itself; it is removed with the network.</summary>
    public string NameOf(string name) => _network.Run.NameOf(name);

    /// <summary>Adds a node; all nodes reach each other and each other's pods.</summary>
    public VirtualNode AddNode(string name) => _network.AddNode(name);

    /// <summary>Adds a pod to the first node, making the node when there is none.</summary>
    public VirtualPod AddPod(string name) => (_network.Nodes.Count == 0 ? AddNode("node1") : _network.Nodes[0]).AddPod(name);

    /// <summary>Starts a program in a pod; it ends with the network.</summary>
    public Peer Start(VirtualPod pod, string name, string program, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(pod);
        return Start(new ProcessPlan(name, program, arguments) { NamespaceName = pod.NamespaceName, LogPath = Path.Combine(Directory, name + ".log") });
    }

    /// <summary>Starts a program as planned; it ends with the network.</summary>
    public Peer Start(ProcessPlan plan)
    {
        var peer = new Peer(RunningProcess.Start(plan));
        _running.Add(peer);
        return peer;
    }

    /// <summary>Runs a short program in a pod to its end and returns its output; a failure fails the test.</summary>
    public async Task<string> RunAsync(VirtualPod pod, string program, params string[] arguments) =>
        (await Command.RunInAsync(pod, program, arguments)).OrThrow().Output;

    /// <summary>Runs a short program in a pod to its end.</summary>
    public Task<CommandResult> TryRunAsync(VirtualPod pod, string program, params string[] arguments) =>
        Command.RunInAsync(pod, program, arguments);

    /// <summary>Records what crosses an interface of a namespace; needs tcpdump.</summary>
    public async Task<PacketCapture> CaptureAsync(string namespaceName, string networkInterface, params string[] filter)
    {
        PacketCapture capture = await PacketCapture.StartAsync(namespaceName, networkInterface, Directory, "capture-" + ++_captures, filter);
        _running.Add(capture);
        return capture;
    }

    /// <summary>Ends peers and captures in reverse order, then removes the namespaces and files.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            for (int i = _running.Count - 1; i >= 0; i--)
            {
                await _running[i].DisposeAsync();
            }
        }
        finally
        {
            _network.Dispose();
        }
    }
}
