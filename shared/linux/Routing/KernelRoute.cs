using System.Net;

namespace Ambient.Linux.Routing;

/// <summary>A route that makes everything local, by loopback. Immutable.</summary>
/// <param name="IsIpv6">Whether it is IPv6's.</param>
/// <param name="Table">The table.</param>
/// <param name="Source">The source of connections that do not bind one; null leaves the choice to the kernel.</param>
public sealed record KernelRoute(bool IsIpv6, uint Table, IPAddress? Source);
