using System.Net;

namespace Ambient.Cli.Sandbox.Model;

/// <summary>A service of the sandbox. Immutable.</summary>
/// <param name="Name">Its name, and the label <c>app</c> of the pods behind it.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Address">Its virtual IPv4 address.</param>
/// <param name="AddressV6">Its virtual IPv6 address.</param>
/// <param name="Port">Its port.</param>
/// <param name="TargetPort">The port of the pods.</param>
internal sealed record ServicePlan(string Name, string Namespace, IPAddress Address, IPAddress AddressV6, int Port, int TargetPort)
{
    /// <summary>Its full name.</summary>
    public string Host => $"{Name}.{Namespace}.svc.cluster.local";
}
