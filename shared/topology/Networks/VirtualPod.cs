using System.Net;
using Ambient.Linux.Namespaces;

namespace Ambient.Topology.Networks;

/// <summary>A namespace that stands for a pod: interface eth0, one address of each family, default routes to its node.</summary>
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
    public IPAddress Address { get; }

    /// <summary>IPv6 address.</summary>
    public IPAddress AddressV6 { get; }

    /// <summary>The open namespace; owned by the network.</summary>
    public NetworkNamespace Namespace => _namespace ??= VirtualNetwork.OpenNamespace(NamespaceName);

    /// <summary>The last number of its addresses.</summary>
    public int Number { get; }

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

        // Programs started by `ip netns exec` see this as their /etc/resolv.conf; in the mesh the queries are captured anyway.
        Resolver.Write(NamespaceName, IPAddress.Parse($"10.9.{node}.1"));
    }

    internal void CloseNamespace()
    {
        _namespace?.Dispose();
        _namespace = null;
    }
}
