using System.Net;
using Ambient.Linux.Namespaces;

namespace Ambient.Topology.Networks;

/// <summary>
/// A namespace that stands for a pod: interface eth0, one address of each family, default routes to its node. Attached when it is made, or later by
/// CNI plugins, which then choose its addresses.
/// </summary>
public sealed class VirtualPod
{
    private NetworkNamespace? _namespace;

    internal VirtualPod(VirtualNode node, string name, string namespaceName, int number)
    {
        Node = node;
        Name = name;
        NamespaceName = namespaceName;
        Number = number;
        string prefix = VirtualNetwork.Decimal(node.Index);
        Address = IPAddress.Parse($"10.9.{prefix}.{VirtualNetwork.Decimal(number)}");
        AddressV6 = IPAddress.Parse($"fd09:9:{prefix}::{VirtualNetwork.Decimal(number)}");
    }

    /// <summary>The node it is attached to.</summary>
    public VirtualNode Node { get; }

    /// <summary>Its name, unique in the network.</summary>
    public string Name { get; }

    /// <summary>Name of the namespace, for <c>ip netns exec</c>.</summary>
    public string NamespaceName { get; }

    /// <summary>IPv4 address.</summary>
    public IPAddress Address { get; private set; }

    /// <summary>IPv6 address.</summary>
    public IPAddress AddressV6 { get; private set; }

    /// <summary>The open namespace; owned by the network.</summary>
    public NetworkNamespace Namespace => _namespace ??= VirtualNetwork.OpenNamespace(NamespaceName);

    /// <summary>The last number of its addresses, unless plugins attached it; counts up on its node.</summary>
    public int Number { get; }

    /// <summary>Takes the addresses that CNI plugins gave to it.</summary>
    public void Attached(IPAddress address, IPAddress addressV6) => (Address, AddressV6) = (address, addressV6);

    /// <summary>The namespace with nothing but its loopback, as a container runtime makes it before it calls CNI.</summary>
    internal void BuildSandbox()
    {
        IpTool.Run("netns", "add", NamespaceName);
        IpTool.Batch(NamespaceName, "link set lo up");

        // Nobody else has the addresses; looking for others first would cost a second or two.
        KernelSetting.Write(Namespace, "net/ipv6/conf/default/accept_dad", "0");
        WriteResolver();
    }

    internal void Build()
    {
        string node = VirtualNetwork.Decimal(Node.Index);
        string port = "p" + VirtualNetwork.Decimal(Number);
        IpTool.Run("netns", "add", NamespaceName);
        IpTool.Run("-n", NamespaceName, "link", "add", "eth0", "type", "veth", "peer", "name", port, "netns", Node.NamespaceName);
        IpTool.Batch(Node.NamespaceName, $"link set {port} master pods", $"link set {port} up");
        IpTool.Batch(
            NamespaceName,
            "link set lo up",
            "link set eth0 up",
            $"addr add {Address}/24 dev eth0",
            $"addr add {AddressV6}/64 dev eth0 nodad",
            $"route add default via 10.9.{node}.1",
            $"route add default via fd09:9:{node}::1");
        WriteResolver();
    }

    /// <summary>Programs started by <c>ip netns exec</c> see this as their /etc/resolv.conf; in the mesh the queries are captured anyway.</summary>
    private void WriteResolver() => Resolver.Write(NamespaceName, IPAddress.Parse($"10.9.{VirtualNetwork.Decimal(Node.Index)}.1"));

    internal void CloseNamespace()
    {
        _namespace?.Dispose();
        _namespace = null;
    }
}
