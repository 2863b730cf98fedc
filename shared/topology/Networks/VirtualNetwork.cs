using System.Globalization;
using Ambient.Linux.Namespaces;

namespace Ambient.Topology.Networks;

/// <summary>
/// Nodes joined by a bridge. Every node, every pod and the bridge is a network namespace, so the machine's own network is never
/// touched and removing the namespaces removes everything. Not thread-safe while nodes and pods are being added.
/// </summary>
/// <remarks>
/// Node n is 10.8.0.n and fd09:8::n on the bridge; its pods are 10.9.n.10 and up, fd09:9:n::10 and up (the last group reads as the
/// decimal of the IPv4 octet). Nodes forward between their pods and the bridge.
/// </remarks>
public sealed class VirtualNetwork : IDisposable
{
    private readonly List<VirtualNode> _nodes = [];
    private bool _disposed;

    private VirtualNetwork(RunId run)
    {
        Run = run;
        FabricName = run.NameOf("fabric");
    }

    /// <summary>Identity of the run; its directory holds logs and files.</summary>
    public RunId Run { get; }

    /// <summary>The nodes in order of creation.</summary>
    public IReadOnlyList<VirtualNode> Nodes => _nodes;

    /// <summary>Name of the namespace with the bridge between the nodes; interface <c>bridge</c> is the place to capture.</summary>
    public string FabricName { get; }

    /// <summary>Makes an empty network; first removes what dead runs of the same purpose left. Needs root.</summary>
    public static VirtualNetwork Create(string purpose)
    {
        Leftovers.Remove(purpose);
        var network = new VirtualNetwork(RunId.New(purpose));
        try
        {
            Directory.CreateDirectory(network.Run.Directory);

            // Other users (PostgreSQL, nginx workers) have to reach their own directories below it.
            File.SetUnixFileMode(network.Run.Directory, (UnixFileMode)0b111_101_101);
            IpTool.Run("netns", "add", network.FabricName);
            // An address of its own: a bridge without one takes that of a port, and changes it when the port goes.
            IpTool.Batch(network.FabricName, "link set lo up", "link add bridge address 02:a8:00:00:00:01 type bridge", "link set bridge up");
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Takes over the network of a run that another process built. Throws when it is not there.</summary>
    public static VirtualNetwork Adopt(RunId run, IEnumerable<(string Node, IReadOnlyList<(string Name, int Number)> Pods)> layout)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(layout);
        var network = new VirtualNetwork(run);
        foreach ((string node, IReadOnlyList<(string Name, int Number)> pods) in layout)
        {
            var adopted = new VirtualNode(network, node, network._nodes.Count + 1, pods);
            network._nodes.Add(adopted);
        }

        return network;
    }

    /// <summary>Adds a node, connected to all others.</summary>
    public VirtualNode AddNode(string name)
    {
        var node = new VirtualNode(this, ValidName(name), _nodes.Count + 1, []);
        node.Build();
        foreach (VirtualNode other in _nodes)
        {
            other.RouteTo(node);
            node.RouteTo(other);
        }

        _nodes.Add(node);
        return node;
    }

    /// <summary>The pod of that name on any node. Throws <see cref="KeyNotFoundException"/>.</summary>
    public VirtualPod Pod(string name) =>
        _nodes.SelectMany(n => n.Pods).FirstOrDefault(p => p.Name == name) ?? throw new KeyNotFoundException("no pod " + name);

    /// <summary>A directory below the run's, made when missing.</summary>
    public string MakeDirectory(string name)
    {
        string path = Path.Combine(Run.Directory, name);
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Ends every process inside, removes every namespace and file of the run.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        foreach (VirtualNode node in _nodes)
        {
            node.CloseNamespaces();
        }

        Leftovers.RemoveRun(Run);
    }

    /// <summary>Forgets the network without removing it: another process owns it from here on.</summary>
    public void Release()
    {
        _disposed = true;
        foreach (VirtualNode node in _nodes)
        {
            node.CloseNamespaces();
        }
    }

    internal static string ValidName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return name.Length <= 40 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? name
            : throw new ArgumentException("a name is lower-case letters, digits and dashes: " + name, nameof(name));
    }

    internal static NetworkNamespace OpenNamespace(string name) => NetworkNamespace.Open("/run/netns/" + name);

    internal static string Decimal(int number) => number.ToString(CultureInfo.InvariantCulture);
}
