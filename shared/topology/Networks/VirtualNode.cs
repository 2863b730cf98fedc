using System.Net;
using Ambient.Linux.Namespaces;

namespace Ambient.Topology.Networks;

/// <summary>A namespace that stands for a machine: an address on the bridge, a bridge of its own for its pods, forwarding on.</summary>
public sealed class VirtualNode
{
    private readonly VirtualNetwork _network;
    private readonly List<VirtualPod> _pods = [];
    private NetworkNamespace? _namespace;
    private int _nextPod = 10;

    internal VirtualNode(VirtualNetwork network, string name, int index, IReadOnlyList<(string Name, int Number)> pods)
    {
        _network = network;
        Name = name;
        Index = index;
        NamespaceName = network.Run.NameOf(name);
        Address = IPAddress.Parse("10.8.0." + VirtualNetwork.Decimal(index));
        AddressV6 = IPAddress.Parse("fd09:8::" + VirtualNetwork.Decimal(index));
        foreach ((string pod, int number) in pods)
        {
            _pods.Add(new VirtualPod(this, pod, network.Run.NameOf(pod), number));
            _nextPod = Math.Max(_nextPod, number + 1);
        }
    }

    /// <summary>Its name, unique in the network.</summary>
    public string Name { get; }

    /// <summary>From 1.</summary>
    public int Index { get; }

    /// <summary>Name of the namespace, for <c>ip netns exec</c>.</summary>
    public string NamespaceName { get; }

    /// <summary>IPv4 address on the bridge between nodes (interface eth0).</summary>
    public IPAddress Address { get; }

    /// <summary>IPv6 address on the bridge between nodes.</summary>
    public IPAddress AddressV6 { get; }

    /// <summary>Pods in order of creation.</summary>
    public IReadOnlyList<VirtualPod> Pods => _pods;

    /// <summary>The open namespace; owned by the network.</summary>
    public NetworkNamespace Namespace => _namespace ??= VirtualNetwork.OpenNamespace(NamespaceName);

    /// <summary>Adds a pod with addresses of both families and a default route to this node.</summary>
    public VirtualPod AddPod(string name)
    {
        string valid = VirtualNetwork.ValidName(name);
        var pod = new VirtualPod(this, valid, _network.Run.NameOf(valid), _nextPod++);
        pod.Build();
        _pods.Add(pod);
        return pod;
    }

    /// <summary>Adds an empty sandbox: loopback alone, to be attached by CNI plugins to bridge <c>pods</c>.</summary>
    public VirtualPod AddSandbox(string name)
    {
        string valid = VirtualNetwork.ValidName(name);
        var pod = new VirtualPod(this, valid, _network.Run.NameOf(valid), _nextPod++);
        pod.BuildSandbox();
        _pods.Add(pod);
        return pod;
    }

    /// <summary>Removes a pod as a kubelet would: its processes are killed, then its namespace goes.</summary>
    public void RemovePod(VirtualPod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        _pods.Remove(pod);
        pod.CloseNamespace();
        Leftovers.RemoveNamespace(pod.NamespaceName, graceful: false);
    }

    internal void Build()
    {
        string index = VirtualNetwork.Decimal(Index);
        IpTool.Run("netns", "add", NamespaceName);
        IpTool.Run("-n", NamespaceName, "link", "add", "eth0", "type", "veth", "peer", "name", "n" + index, "netns", _network.FabricName);
        IpTool.Batch(_network.FabricName, $"link set n{index} master bridge", $"link set n{index} up");
        IpTool.Batch(
            NamespaceName,
            "link set lo up",
            "link set eth0 up",
            $"addr add {Address}/24 dev eth0",
            $"addr add {AddressV6}/64 dev eth0 nodad",
            $"link add pods address 02:a9:00:00:00:{index} type bridge",
            "link set pods up",
            $"addr add 10.9.{index}.1/24 dev pods",
            $"addr add fd09:9:{index}::1/64 dev pods nodad");
        KernelSetting.Write(Namespace, "net/ipv4/ip_forward", "1");
        KernelSetting.Write(Namespace, "net/ipv6/conf/all/forwarding", "1");
        Resolver.Write(NamespaceName, IPAddress.Loopback);
    }

    internal void RouteTo(VirtualNode other)
    {
        string index = VirtualNetwork.Decimal(other.Index);
        IpTool.Batch(
            NamespaceName,
            $"route add 10.9.{index}.0/24 via {other.Address}",
            $"route add fd09:9:{index}::/64 via {other.AddressV6}");
    }

    internal void CloseNamespaces()
    {
        _namespace?.Dispose();
        _namespace = null;
        foreach (VirtualPod pod in _pods)
        {
            pod.CloseNamespace();
        }
    }
}
