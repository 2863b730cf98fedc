using System.Net;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Redirection;

/// <summary>
/// Reads which connections of a namespace its proxy carries. The proxy's sockets live in the pod's namespace: one on a port of its own, or one that
/// bears a foreign address, is its end of an application's connection. Tunnels between proxies are none. Thread-safe.
/// </summary>
public static class CarriedFlows
{
    /// <summary>The connections as the application sees them, as far as the kernel still knows it. Throws <see cref="IOException"/>.</summary>
    /// <param name="network">The pod's namespace.</param>
    /// <param name="own">Every address of its interfaces.</param>
    /// <param name="ports">The proxy's listeners.</param>
    public static IReadOnlyList<Flow> Read(NetworkNamespace network, IReadOnlyCollection<IPAddress> own, RedirectionPorts ports) =>
        [.. EstablishedFlows.ReadSockets(network).Select(s => Carried(s, own, ports)).OfType<Flow>().Distinct()];

    /// <summary>The connection that a socket is the proxy's end of; null for any other socket.</summary>
    internal static Flow? Carried(Flow socket, IReadOnlyCollection<IPAddress> own, RedirectionPorts ports)
    {
        if (socket.Local.Port == ports.Outbound || socket.Local.Port == ports.Inbound)
        {
            return new Flow(socket.Remote, socket.Local);
        }

        bool isForeign = !IPAddress.IsLoopback(socket.Local.Address) && !socket.Local.Address.Equals(IPAddress.Any) && !socket.Local.Address.Equals(IPAddress.IPv6Any)
            && !socket.Local.Address.IsIPv6LinkLocal && !own.Contains(socket.Local.Address);
        return isForeign && own.Contains(socket.Remote.Address) ? new Flow(socket.Remote, socket.Local) : null;
    }
}
