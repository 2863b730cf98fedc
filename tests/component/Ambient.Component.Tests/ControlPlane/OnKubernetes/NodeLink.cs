using System.Globalization;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>A cable between a virtual node and the machine that the tests run on, where the API server and the control plane are.</summary>
internal sealed class NodeLink : IDisposable
{
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"kube{Environment.ProcessId % 100000}");

    public NodeLink(VirtualNode node)
    {
        Ip("link", "add", _name, "type", "veth", "peer", "name", "host0", "netns", node.NamespaceName);
        Ip("addr", "add", Host + "/30", "dev", _name);
        Ip("link", "set", _name, "up");
        Ip("-n", node.NamespaceName, "addr", "add", "198.51.100.2/30", "dev", "host0");
        Ip("-n", node.NamespaceName, "link", "set", "host0", "up");
    }

    /// <summary>Where the node finds the machine.</summary>
    public static string Host => "198.51.100.1";

    public void Dispose() => Command.Run("ip", ["link", "del", _name]);

    private static void Ip(params string[] arguments) => Command.Run("ip", arguments).OrThrow();
}
