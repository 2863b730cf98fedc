using System.Net;
using System.Net.Sockets;

namespace Ambient.Cni.Redirection.Rules;

/// <summary>A TCP connection as its pod sees it. Immutable.</summary>
/// <param name="Local">The pod's end.</param>
/// <param name="Remote">The other end.</param>
public sealed record Flow(IPEndPoint Local, IPEndPoint Remote)
{
    internal RuleFamily Family => Local.AddressFamily == AddressFamily.InterNetwork ? RuleFamily.IPv4 : RuleFamily.IPv6;

    /// <summary><c>10.9.1.2:40000 to 10.9.2.2:80</c>.</summary>
    public override string ToString() => Local + " to " + Remote;
}
